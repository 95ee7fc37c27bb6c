//! What has a generator learnt?

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::game::most_real;
use gan::{Game, latent};

use super::ImageProgram;
use super::flags::{ArithmeticFlags, GenerateFlags, InterpolateFlags, WalkFlags};
use crate::figures::{Bitmap, image_grid, save_png};
use crate::image_gan::{COLUMNS, ENLARGED, samples};
use crate::run::Trained;
use crate::{Error, save_each, save_gif};

/// How many samples `--nice` makes for each that it keeps.
const CANDIDATES: usize = 20;

/// How large a pixel of a walk is.
const WALK_ENLARGED: u32 = 4 * ENLARGED;

/// The most bytes that pictures may take, unpacked. What they are made of takes less.
const ROOM: usize = 1 << 30;

/// Checks that there is room for so many images of this shape, each pixel a square.
///
/// # Errors
/// [`Error::Flag`] if there is not.
fn expect_room(
    flag: &'static str,
    images: usize,
    [height, width, _]: [usize; 3],
    enlarged: u32,
) -> Result<(), Error> {
    let most = ROOM / (3 * height * width * (enlarged * enlarged) as usize);
    if images <= most {
        return Ok(());
    }
    let why =
        format!("{images} images of {height} x {width} at once, and there is room for {most}");
    Err(Error::Flag { flag, why })
}

/// Rows of noise drawn for a walk or a sum: the first of them are those of `generate`.
fn noise(game: &Game, count: usize, trained: &Trained) -> Array {
    game.latent().sample(count, &mut Rng::new(trained.seed, "generate"))
}

/// The row of this number.
fn row(noise: &Array, i: usize) -> &[Real] {
    let size = noise.shape()[1];
    &noise.numbers()[i * size..][..size]
}

impl ImageProgram {
    pub(super) fn generate(&self, flags: &GenerateFlags) -> Result<(), Error> {
        let (game, shape) = self.trained_game(&flags.trained.checkpoint)?;
        let count = flags.batch_size;
        let made = if flags.nice { CANDIDATES * count } else { count };
        expect_room("--batch-size", made, shape, ENLARGED)?;
        let images = if flags.nice {
            nicest(&game, &noise(&game, CANDIDATES * count, &flags.trained), count, shape)
        } else {
            samples(&game, &noise(&game, count, &flags.trained), shape)
        };
        if let Some(folder) = &flags.each {
            save_each(&images, self.scaling, folder)?;
            println!("{count} pictures are in {}", folder.display());
            return Ok(());
        }
        let name = if flags.nice { "nice.png" } else { "generated.png" };
        self.save(&images, COLUMNS, &flags.trained, name)
    }

    pub(super) fn interpolate(&self, flags: &InterpolateFlags) -> Result<(), Error> {
        let (game, shape) = self.trained_game(&flags.trained.checkpoint)?;
        let steps = flags.steps as usize;
        expect_room("--pairs", 2 * flags.pairs * steps, shape, ENLARGED)?;
        let ends = noise(&game, 2 * flags.pairs, &flags.trained);
        let mut points = Vec::new();
        for pair in 0..flags.pairs {
            for way in [latent::Path::Straight, latent::Path::Spherical] {
                let (a, b) = (row(&ends, 2 * pair), row(&ends, 2 * pair + 1));
                points.extend_from_slice(way.points(a, b, steps).numbers());
            }
        }
        let points = Array::new([2 * flags.pairs * steps, ends.shape()[1]], &points);
        let images = samples(&game, &points, shape);
        println!("rows in pairs: the straight line, then the arc");
        self.save(&images, steps, &flags.trained, "interpolation.png")
    }

    pub(super) fn walk(&self, flags: &WalkFlags) -> Result<(), Error> {
        let (game, shape) = self.trained_game(&flags.trained.checkpoint)?;
        let path = flags.trained.place("walk.gif")?;
        expect_room("--stops", flags.stops * flags.steps, shape, WALK_ENLARGED)?;
        let stops = noise(&game, flags.stops, &flags.trained);
        let points = latent::Path::from(flags.way).walk(&stops, flags.steps);
        let images = Tensor::constant(samples(&game, &points, shape));
        let frame = |i: usize| {
            let image = images.slice(0, i..i + 1);
            image_grid(image.value(), 1, self.scaling).enlarged(WALK_ENLARGED)
        };
        let frames: Vec<Bitmap> = (0..flags.stops * flags.steps).map(frame).collect();
        save_gif(&frames, 8, 8, &path)?;
        println!("{} frames are in {}", frames.len(), path.display());
        Ok(())
    }

    pub(super) fn arithmetic(&self, flags: &ArithmeticFlags) -> Result<(), Error> {
        let (game, shape) = self.trained_game(&flags.trained.checkpoint)?;
        let terms = [&flags.a, &flags.b, &flags.c];
        let count = terms.iter().flat_map(|term| term.iter()).max().map_or(1, |last| last + 1);
        let noise = noise(&game, count as usize, &flags.trained);
        let columns = terms.iter().map(|term| term.len()).max().unwrap_or(1) + 1;
        // A row for each term: its samples, then gaps, then that of their mean.
        let (mut points, mut shown, mut means) = (Vec::new(), Vec::new(), Vec::new());
        for (i, term) in terms.iter().enumerate() {
            let rows: Vec<usize> = term.iter().map(|row| *row as usize).collect();
            for (j, place) in rows.iter().enumerate() {
                points.extend_from_slice(row(&noise, *place));
                shown.push(i * columns + j);
            }
            means.push(latent::mean(&noise, &rows));
            points.extend_from_slice(&means[i]);
            shown.push((i + 1) * columns - 1);
        }
        points.extend(latent::analogy(&means[0], &means[1], &means[2]));
        shown.push(4 * columns - 1);
        let points = Array::new([shown.len(), noise.shape()[1]], &points);
        let images = samples(&game, &points, shape);
        println!("rows a, b and c with their means at the right; below them a - b + c");
        let empty = self.scaling.number(255);
        let [height, width, channels] = shape;
        let pixels = height * width * channels;
        let mut grid = vec![empty; 4 * columns * pixels];
        for (place, image) in shown.iter().zip(images.numbers().chunks_exact(pixels)) {
            grid[place * pixels..][..pixels].copy_from_slice(image);
        }
        let grid = Array::new([4 * columns, height, width, channels], &grid);
        self.save(&grid, columns, &flags.trained, "arithmetic.png")
    }

    fn save(
        &self,
        images: &Array,
        columns: usize,
        trained: &Trained,
        name: &str,
    ) -> Result<(), Error> {
        let path = trained.place(name)?;
        save_png(&image_grid(images, columns, self.scaling).enlarged(ENLARGED), &path)?;
        println!("{} images are in {}", images.shape()[0], path.display());
        Ok(())
    }
}

/// The `count` samples that the discriminator takes for the most real, the best first. Equal ones keep their
/// order.
fn nicest(
    game: &Game,
    noise: &Array,
    count: usize,
    [height, width, channels]: [usize; 3],
) -> Array {
    let noise = Tensor::constant(noise.clone());
    let total = noise.shape()[0];
    // In batches, as many as are kept.
    let batches = (0..total).step_by(count).map(|first| {
        let fakes = no_grad(|| game.generate(&noise.slice(0, first..(first + count).min(total))));
        (game.realness(&fakes), fakes.numbers().to_vec())
    });
    let (realness, images): (Vec<_>, Vec<_>) = batches.unzip();
    let (realness, images) = (realness.concat(), images.concat());
    let pixels = height * width * channels;
    let best: Vec<Real> = most_real(&realness, count)
        .into_iter()
        .flat_map(|i| images[i * pixels..][..pixels].iter().copied())
        .collect();
    Array::new([count, height, width, channels], &best)
}
