//! How does a game go that a doctor watches?

use autograd::Rng;
use gan::doctor::Signs;
use gan::{Failure, Finding};

use crate::recipe::Recipe;
use crate::toy_gan::ToyGan;
use crate::toys::Toy;

/// A game that was played, and everything that the doctor saw.
pub struct Course {
    /// The game at its end.
    pub gan: ToyGan,
    /// All examinations.
    pub looks: Vec<Signs>,
}

impl Course {
    /// Plays so many turns. `after` is called after each.
    pub fn play(
        recipe: &Recipe,
        toy: Box<dyn Toy>,
        turns: u64,
        seed: u64,
        mut after: impl FnMut(),
    ) -> Course {
        let game = recipe.game(toy.dimensions(), &mut Rng::new(seed, "weights"));
        let mut gan = ToyGan::new(game, toy, recipe.scaled, recipe.batch_size, false, seed);
        let mut looks: Vec<Signs> = Vec::new();
        for _ in 0..turns {
            gan.turn();
            let last = gan.doctor().recent().last();
            looks.extend(last.filter(|signs| Some(*signs) != looks.last()).copied());
            after();
        }
        Course { gan, looks }
    }

    /// What the doctor found.
    pub fn findings(&self) -> &[Finding] {
        self.gan.doctor().findings()
    }

    /// Whether the doctor named this failure at any time.
    pub fn shows(&self, failure: Failure) -> bool {
        self.findings().iter().any(|finding| finding.failure == failure)
    }
}
