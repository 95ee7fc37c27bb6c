//! Does a product or a convolution touch a byte outside its operands?
//!
//! Each operand ends where its page ends, or starts where it starts, and the pages around it cannot
//! be touched: a read or write of a single byte too far ends the test program.

mod ways;

use adversaria_kernels as kernels;
use kernels::conv::{self, Geometry, upsampled};
use kernels::gemm::{Beta, Rung, blocked, gemm, library, portable, rows};
use kernels::mat::{Mat, MatMut};
use kernels::window::Window;
use kernels::{Epilogue, Real};
use region::{Allocation, Protection, page};

/// Numbers between two pages that cannot be touched.
struct Guarded {
    pages: Allocation,
    start: usize,
    len: usize,
}

impl Guarded {
    /// `len` numbers, the last one before the guard if `at_end`, else the first one behind it.
    fn new(len: usize, at_end: bool) -> Guarded {
        let inner = page::ceil((len * size_of::<Real>()).max(1) as *const u8) as usize;
        let mut pages = region::alloc(inner + 2 * page::size(), Protection::READ_WRITE)
            .expect("the system has memory");
        let first: *mut u8 = pages.as_mut_ptr();
        for guard in [first, first.wrapping_add(page::size() + inner)] {
            // SAFETY: a page of this allocation, to which nothing refers.
            unsafe { region::protect(guard, page::size(), Protection::NONE) }
                .expect("pages can be protected");
        }
        let shift = if at_end { inner - len * size_of::<Real>() } else { 0 };
        Guarded { pages, start: page::size() + shift, len }
    }

    fn numbers(&mut self) -> &mut [Real] {
        let first = self.pages.as_mut_ptr::<u8>().wrapping_add(self.start).cast::<Real>();
        // SAFETY: `len` numbers between the guards, zero at first, borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(first, self.len) }
    }

    /// Small integers, whose sums are exact.
    fn filled(mut self, seed: usize) -> Guarded {
        for (i, x) in self.numbers().iter_mut().enumerate() {
            *x = ((i * 31 + seed * 17) % 15) as Real - 7.0;
        }
        self
    }
}

fn rungs() -> Vec<(&'static str, Rung)> {
    let everywhere: [(&'static str, Rung); 5] = [
        ("rows", rows),
        ("blocked", blocked),
        ("portable", portable),
        ("library", library),
        ("gemm", gemm),
    ];
    everywhere.into_iter().chain(by_hand()).collect()
}

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
fn by_hand() -> Vec<(&'static str, Rung)> {
    use kernels::gemm::{avx2, avx512};
    use kernels::simd::Level;
    let wanted: [(Level, &'static str, Rung); 2] =
        [(Level::Avx2, "avx2", avx2), (Level::Avx512, "avx512", avx512)];
    let available = |wanted| Level::available().any(|level| level == wanted);
    wanted.into_iter().filter(|w| available(w.0)).map(|w| (w.1, w.2)).collect()
}

#[cfg(not(all(target_arch = "x86_64", not(feature = "f64"))))]
fn by_hand() -> Vec<(&'static str, Rung)> {
    Vec::new()
}

#[test]
fn products_stay_inside_their_operands() {
    let sizes = [(1, 1, 1), (1, 77, 45), (45, 77, 1), (4, 2, 5), (13, 9, 31), (12, 256, 32)];
    // The second crosses a slab.
    let larger = [(61, 37, 65), (25, 1026, 47), (50, 300, 200)];
    for (m, k, n) in sizes.into_iter().chain(larger) {
        for flags in 0..8 {
            let at_end = flags & 4 == 4;
            let mut a = Guarded::new(m * k, at_end).filled(1);
            let mut b = Guarded::new(k * n, at_end).filled(2);
            let mut c = Guarded::new(m * n, at_end).filled(3);
            let (ta, tb) = (flags & 1 == 1, flags & 2 == 2);
            let a = if ta { Mat::new(a.numbers(), k, m) } else { Mat::new(a.numbers(), m, k) };
            let b = if tb { Mat::new(b.numbers(), n, k) } else { Mat::new(b.numbers(), k, n) };
            let (a, b) = (a.transposed_if(ta), b.transposed_if(tb));
            let mut expected = vec![0.0; m * n];
            kernels::gemm::naive(a, b, MatMut::new(&mut expected, m, n), Beta::Zero);
            for (name, rung) in rungs() {
                rung(a, b, MatMut::new(c.numbers(), m, n), Beta::Zero);
                assert_eq!(c.numbers(), expected, "{name}: {m} x {k} x {n}, {flags}");
                rung(a, b, MatMut::new(c.numbers(), m, n), Beta::One);
                let twice: Vec<Real> = expected.iter().map(|x| 2.0 * x).collect();
                assert_eq!(c.numbers(), twice, "{name} added: {m} x {k} x {n}, {flags}");
            }
        }
    }
}

#[test]
fn convolutions_stay_inside_their_operands() {
    for g in ways::geometries() {
        let lens = [g.x_shape(), g.w_shape(), g.y_shape()].map(|s| s.iter().product::<usize>());
        for at_end in [false, true] {
            let [mut x, mut w, mut y] = [0, 1, 2].map(|i| Guarded::new(lens[i], at_end).filled(i));
            let mut out = lens.map(|len| Guarded::new(len, at_end));
            let [dx, dw, made] = &mut out;
            let channels = [g.in_channels, g.out_channels];
            let [mut in_bias, mut out_bias] = channels.map(|c| Guarded::new(c, at_end).filled(c));
            let (x, w, y) = (x.numbers(), w.numbers(), y.numbers());
            let mut expected = lens.map(|len| vec![0.0; len]);

            for bias in [None, Some(&*out_bias.numbers())] {
                conv::naive::forward(&g, x, w, bias, &mut expected[2]);
                let epilogue = Epilogue { bias, ..Epilogue::NOTHING };
                conv::forward(&g, x, w, epilogue, made.numbers());
                assert_eq!(made.numbers(), expected[2], "{g:?}");
            }
            for bias in [None, Some(&*in_bias.numbers())] {
                conv::naive::input_gradient(&g, y, w, bias, &mut expected[0]);
                let epilogue = Epilogue { bias, ..Epilogue::NOTHING };
                conv::input_gradient(&g, y, w, epilogue, dx.numbers());
                assert_eq!(dx.numbers(), expected[0], "input gradient {g:?}");
            }
            conv::naive::weight_gradient(&g, x, y, &mut expected[1]);
            conv::weight_gradient(&g, x, y, dw.numbers());
            assert_eq!(dw.numbers(), expected[1], "weight gradient {g:?}");
        }
    }
}

/// What they compute is tested beside them: here it is what they compute of plain vectors.
#[test]
fn upsampled_convolutions_stay_inside_their_operands() {
    for (side, taps, in_channels, out_channels) in [(3, 5, 2, 3), (6, 5, 24, 32), (9, 3, 32, 20)] {
        let along = Window::same(2 * side, taps, 1, 1).unwrap();
        let batch = 2;
        let (height, width) = (along, along);
        let g = Geometry { batch, in_channels, out_channels, groups: 1, height, width };
        let count = |shape: [usize; 4]| shape.iter().product::<usize>();
        let lens = [batch * side * side * in_channels, count(g.w_shape()), count(g.y_shape())];
        let all = |[x, w, y]: [&[Real]; 3], [dx, dw, made]: [&mut [Real]; 3]| {
            upsampled::forward(&g, x, w, Epilogue::NOTHING, made);
            upsampled::input_gradient(&g, y, w, dx);
            upsampled::weight_gradient(&g, x, y, dw);
        };
        for at_end in [false, true] {
            let [mut x, mut w, mut y] = [0, 1, 2].map(|i| Guarded::new(lens[i], at_end).filled(i));
            let inputs: [&[Real]; 3] = [x.numbers(), w.numbers(), y.numbers()];
            let mut expected = lens.map(|len| vec![0.0; len]);
            all(inputs.map(<[Real]>::to_vec).each_ref().map(Vec::as_slice), {
                expected.each_mut().map(Vec::as_mut_slice)
            });
            let mut found = lens.map(|len| Guarded::new(len, at_end));
            all(inputs, found.each_mut().map(|of| of.numbers()));
            for (found, expected) in found.iter_mut().zip(&expected) {
                assert_eq!(found.numbers(), expected, "{g:?}");
            }
        }
    }
}
