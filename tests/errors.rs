//! Does a wrong shape name the op, the shapes and the line of the caller?
//!
//! The only test of its file: it replaces the process's panic hook.

use std::panic;
use std::sync::mpsc;

use autograd::Tensor;
use layers::{Init, Linear, Module, Sequential};

#[test]
fn a_wrong_shape_names_the_op_the_shapes_and_the_caller() {
    let (sender, receiver) = mpsc::channel();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().expect("panics have a place");
        let message = info.payload_as_str().unwrap_or_default().to_owned();
        let _ = sender.send((place.file().to_owned(), message));
    }));
    let t = |shape: &[usize]| Tensor::full(shape, 0.0);
    let mut rng = autograd::Rng::new(0, "weights");
    let model = Sequential::new().add(Linear::new(3, 2, Init::Zeros, &mut rng));
    let mistakes: [(&dyn Fn() -> Tensor, &str); 8] = [
        (
            &|| t(&[64, 16]).matmul(&t(&[32, 8])),
            "matmul: [64, 16] × [32, 8]: inner sizes 16 and 32",
        ),
        (&|| t(&[2, 3]) * t(&[4]), "mul: [2, 3] and [4] do not broadcast: on axis -1"),
        (&|| &t(&[2, 3]) + &t(&[3, 3]), "add: [2, 3] and [3, 3] do not broadcast: on axis -2"),
        (&|| t(&[2, 3]).maximum(&t(&[4])), "maximum: [2, 3] and [4] do not broadcast"),
        (&|| t(&[2, 3]).sum_over(5), "sum_over: [2, 3] has no axis 5"),
        (&|| t(&[2, 3]).reshape([7]), "reshape: [2, 3] has 6 elements, [7] has 7"),
        (
            &|| t(&[2, 3]).cross_entropy(&t(&[2, 2])),
            "cross_entropy: logits [2, 3] and targets [2, 2]",
        ),
        (&|| model.forward(&t(&[4, 2])), "linear: input [4, 2] × weight [3, 2]"),
    ];
    for (mistake, _) in mistakes {
        assert!(panic::catch_unwind(panic::AssertUnwindSafe(mistake)).is_err());
    }
    let _ = panic::take_hook();
    let reports: Vec<(String, String)> = receiver.try_iter().collect();
    assert_eq!(reports.len(), mistakes.len());
    for ((file, message), (_, expected)) in reports.iter().zip(mistakes) {
        assert!(message.contains(expected), "{message}");
        assert_eq!(file, file!(), "{message}");
    }
}
