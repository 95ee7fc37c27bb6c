//! Who asks a run to stop?

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A wish to stop after the step that is under way.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nobody asks until [`Stop::ask`] does.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Asks when the user presses Ctrl-C. Pressed again, it ends the program at once.
    ///
    /// Once in a program.
    pub fn on_ctrl_c() -> Stop {
        let stop = Stop::new();
        let asked = stop.clone();
        let handler = move || {
            if asked.0.swap(true, Ordering::Relaxed) {
                process::exit(130);
            }
            eprintln!("\nstopping after this step; press Ctrl-C again to end at once");
        };
        // Without a handler Ctrl-C ends the program, and the last checkpoint is there.
        if ctrlc::set_handler(handler).is_err() {
            eprintln!("Ctrl-C will end the run at its last checkpoint");
        }
        stop
    }

    /// Asks to stop.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked.
    pub fn is_asked_for(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
