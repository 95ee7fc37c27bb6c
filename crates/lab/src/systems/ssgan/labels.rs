//! Which labels does a semi-supervised run see?

use autograd::{Rng, Tensor};
use layers::{State, StateError, Stateful};

use crate::{Images, Scaling, ShuffledBatches};

/// The places of `count` images, equally many of each class, drawn by `seed` and in the order of
/// their places. None if they cannot be divided equally, or a class has too few.
pub fn balanced(images: &Images, count: usize, seed: u64) -> Option<Vec<usize>> {
    let by_class = images.by_class()?;
    let each = count / by_class.len().max(1);
    if each == 0 || each * by_class.len() != count {
        return None;
    }
    let mut rng = Rng::new(seed, "labels");
    let mut chosen = Vec::with_capacity(count);
    for places in by_class {
        let order = rng.permutation(places.len());
        if order.len() < each {
            return None;
        }
        chosen.extend(order[..each].iter().map(|i| places[*i]));
    }
    chosen.sort_unstable();
    Some(chosen)
}

/// Images of which a few have labels that may be looked at.
pub struct PartlyLabelled {
    images: Images,
    /// The places of those with labels.
    labelled: Vec<usize>,
    /// Batches among the places of `labelled`.
    with_labels: ShuffledBatches,
    /// Batches among all images, those of `labelled` included.
    without_labels: ShuffledBatches,
}

impl PartlyLabelled {
    /// The images at the places `labelled` with their labels, and all images without. A batch has
    /// `batch_size` images, or all labelled ones if these are fewer.
    ///
    /// # Panics
    /// If the images have no labels, or there are not enough for a batch.
    #[track_caller]
    pub fn new(
        images: Images,
        labelled: Vec<usize>,
        batch_size: usize,
        seed: u64,
    ) -> PartlyLabelled {
        assert!(images.labels().is_some(), "ssgan: images without labels teach no classes");
        let with_labels =
            ShuffledBatches::new(labelled.len(), batch_size.min(labelled.len()), seed);
        let without_labels = ShuffledBatches::new(images.len(), batch_size, seed);
        PartlyLabelled { images, labelled, with_labels, without_labels }
    }

    /// All images.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// How many of them have labels.
    pub fn labels(&self) -> usize {
        self.labelled.len()
    }

    /// The next labelled images, `[m, height, width, channels]`, and their classes.
    pub fn next_labelled(&mut self, scaling: Scaling) -> (Tensor, Vec<usize>) {
        let places: Vec<usize> =
            self.with_labels.next_batch().iter().map(|i| self.labelled[*i]).collect();
        let all = self.images.labels().expect("they were there at the start");
        let labels = places.iter().map(|i| all[*i].into()).collect();
        (Tensor::constant(self.images.scaled(places, scaling)), labels)
    }

    /// The next images whose labels nobody looks at, `[n, height, width, channels]`.
    pub fn next_unlabelled(&mut self, scaling: Scaling) -> Tensor {
        Tensor::constant(self.images.scaled(self.without_labels.next_batch(), scaling))
    }
}

/// Where it stands in both orders.
impl Stateful for PartlyLabelled {
    fn put(&self, state: &mut State<'_>) {
        state.within("labelled", |state| self.with_labels.put(state));
        state.within("unlabelled", |state| self.without_labels.put(state));
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("labelled", |state| self.with_labels.take(state))?;
        state.within("unlabelled", |state| self.without_labels.take(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty images of one pixel: class c has c + 9 of them.
    fn images() -> Images {
        let labels: Vec<u8> = (0..3).flat_map(|c| vec![c; usize::from(c) + 9]).collect();
        Images::new([1, 1, 1], (0..30).collect(), Some(labels))
    }

    #[test]
    fn every_class_gets_as_many_labels_and_the_seed_says_which() {
        let images = images();
        let chosen = balanced(&images, 12, 0).unwrap();
        assert_eq!(chosen.len(), 12);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        let labels = images.labels().unwrap();
        for class in 0..3 {
            assert_eq!(chosen.iter().filter(|i| labels[**i] == class).count(), 4);
        }
        assert_eq!(balanced(&images, 12, 0).unwrap(), chosen);
        assert_ne!(balanced(&images, 12, 1).unwrap(), chosen);
        // Not divisible, none, and more than the smallest class has.
        assert!([13, 0, 30].iter().all(|count| balanced(&images, *count, 0).is_none()));
    }

    #[test]
    fn labelled_batches_hold_labelled_images_alone_and_their_labels() {
        let images = images();
        let chosen = balanced(&images, 6, 0).unwrap();
        let mut data = PartlyLabelled::new(images.clone(), chosen.clone(), 20, 0);
        let (x, labels) = data.next_labelled(Scaling::ZeroToOne);
        assert_eq!((x.shape()[0], labels.len()), (6, 6), "as many as there are");
        for (x, label) in x.numbers().iter().zip(&labels) {
            let place = usize::from(Scaling::ZeroToOne.byte(*x));
            assert!(chosen.contains(&place));
            assert_eq!(usize::from(images.labels().unwrap()[place]), *label);
        }
        let x = data.next_unlabelled(Scaling::ZeroToOne);
        let places = x.numbers().iter().map(|x| usize::from(Scaling::ZeroToOne.byte(*x)));
        assert!(places.filter(|place| !chosen.contains(place)).count() >= 14);
    }
}
