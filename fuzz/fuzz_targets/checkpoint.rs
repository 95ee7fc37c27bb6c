//! Does any file make the reader of checkpoints crash, hang, or change half a game?

#![no_main]

use autograd::Rng;
use lab::systems::mnist_gan;
use lab::{Checkpoint, Progress, image_program, save_checkpoint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.safetensors");
    std::fs::write(&path, bytes).expect("a file");
    let checkpoint = match Checkpoint::read(&path) {
        Ok(checkpoint) => checkpoint,
        Err(why) => return assert!(!why.to_string().is_empty()),
    };
    if let Ok(configuration) = checkpoint.configuration::<image_program::Configuration>() {
        assert!(configuration.batch_size > 0 && configuration.every > 0);
        assert!(configuration.save_every > 0 && configuration.own.width > 0);
    }
    let mut game = mnist_gan::sized(1, false, &mut Rng::new(0, "weights"));
    let saved = |game: &_| {
        let path = folder.path().join("b.safetensors");
        let progress = Progress { step: 0, metrics_bytes: 0 };
        save_checkpoint(&path, progress, &(), game).expect("it is saved");
        std::fs::read(path).expect("it is there")
    };
    let before = saved(&game);
    if checkpoint.restore(&mut game).is_err() {
        assert_eq!(saved(&game), before);
    }
});
