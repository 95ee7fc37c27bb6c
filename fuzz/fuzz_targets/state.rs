//! Does any file make the reader of a model's state crash, hang, or change half a model?

#![no_main]

use autograd::Rng;
use layers::{BatchNorm, Init, Linear, Sequential, from_safetensors, to_safetensors};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut model = Sequential::new()
        .add(Linear::new(2, 3, Init::XavierUniform, &mut Rng::new(0, "weights")))
        .add(BatchNorm::pytorch(3));
    let before = to_safetensors(&model);
    match from_safetensors(&mut model, bytes) {
        // What was read is what is written.
        Ok(()) => {
            let after = to_safetensors(&model);
            from_safetensors(&mut model, &after).expect("a model reads its own state");
            assert_eq!(to_safetensors(&model), after);
        }
        Err(why) => {
            assert!(!why.to_string().is_empty());
            assert_eq!(to_safetensors(&model), before);
        }
    }
});
