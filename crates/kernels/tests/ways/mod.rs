//! Which convolutions take each of the ways to compute one?

use adversaria_kernels::conv::Geometry;
use adversaria_kernels::window::Window;

/// Thin windows, few outputs, shared products, copied windows in one product and in several, columns
/// without padding, pixels in place; with groups, stride and dilation.
pub(crate) fn geometries() -> impl Iterator<Item = Geometry> {
    let window = |input, taps, stride, dilation, padding| {
        Window::padded(input, taps, stride, dilation, padding).expect("the kernel fits")
    };
    let layers = [
        (1, 37, 1, window(9, 5, 1, 1, [2, 2])),
        (3, 16, 1, window(11, 4, 2, 1, [1, 0])),
        (40, 1, 1, window(7, 5, 1, 1, [2, 2])),
        (33, 3, 1, window(8, 4, 2, 1, [1, 1])),
        (64, 65, 1, window(7, 3, 1, 1, [1, 1])),
        (64, 48, 1, window(8, 4, 2, 1, [1, 1])),
        (48, 64, 1, window(6, 5, 1, 1, [4, 4])),
        (18, 34, 2, window(9, 3, 1, 2, [2, 2])),
        (130, 20, 2, window(7, 3, 2, 1, [1, 2])),
        (20, 40, 1, window(5, 1, 1, 1, [0, 0])),
        (36, 20, 2, window(5, 1, 1, 1, [0, 0])),
    ];
    layers.into_iter().map(|(in_channels, out_channels, groups, along)| {
        let (height, width) = (along, along);
        Geometry { batch: 2, in_channels, out_channels, groups, height, width }
    })
}
