//! How does a failure look beside its cure?

use gan::doctor::Signs;

use super::{Case, Course};
use crate::figures::{Bitmap, Curve, Curves, Panel, Reference, Scatter, Window, to_bitmap};
use crate::points;

/// Points of either kind in a picture.
const SHOWN: usize = 500;

/// Above, the data and the samples at the end of either course; below, over the turns, both losses
/// and the sign by which the doctor judges, with the border beyond which it sees the failure. If
/// samples that differ little from the data are no failure, the gap is there as well.
pub fn figure(case: &Case, [ill, cured]: [&Course; 2]) -> Bitmap {
    let scatter = |name: &str, course: &Course| {
        let gan = &course.gan;
        let real = points(&gan.real(SHOWN, "shown"));
        let fake = points(&gan.generated(SHOWN, "pictures"));
        let window = holding(gan.window(), &real, &fake);
        to_bitmap(&Scatter { title: name, window, real: &real, fake: &fake })
    };
    let over_turns = |value: &dyn Fn(&Signs) -> f64| {
        [ill, cured].map(|course| -> Vec<[f64; 2]> {
            course.looks.iter().map(|signs| [signs.turn as f64, value(signs)]).collect()
        })
    };
    let failure = case.failure;
    let mut shown = vec![
        ("D's loss", over_turns(&|signs| signs.loss_d), None),
        ("G's loss", over_turns(&|signs| signs.loss_g), None),
        (failure.sign_name(), over_turns(&|signs| failure.sign(signs)), Some(failure.border())),
    ];
    if let Some(least) = failure.least_gap() {
        shown.push(("gap", over_turns(&|signs| signs.gap), Some(least)));
    }
    let curves: Vec<_> = (shown.iter())
        .map(|(_, [ill, cured], _)| {
            [("as it fails", ill), ("with the cure", cured)]
                .map(|(name, points)| Curve { name, points })
        })
        .collect();
    let borders: Vec<Option<Reference<'_>>> =
        shown.iter().map(|(_, _, y)| y.map(|y| Reference { name: "border", y })).collect();
    let panels: Vec<Panel<'_>> = (shown.iter().zip(&curves).zip(&borders))
        .map(|(((y_name, ..), curves), border)| Panel {
            y_name,
            y_range: None,
            curves,
            references: border.as_slice(),
        })
        .collect();
    let curves = to_bitmap(&Curves { title: failure.name(), x_name: "turn", panels: &panels });
    let above = [scatter("as it fails", ill), scatter("with the cure", cured)];
    let width = above.iter().map(|picture| picture.width).sum::<u32>().max(curves.width);
    let mut whole = Bitmap::white(width, above[0].height + curves.height);
    whole.paste(&above[0], [0, 0]);
    whole.paste(&above[1], [above[0].width, 0]);
    whole.paste(&curves, [(width - curves.width) / 2, above[0].height]);
    whole
}

/// The window of the data, or one that holds the samples too where most of them are elsewhere.
fn holding(window: Window, real: &[[f64; 2]], fake: &[[f64; 2]]) -> Window {
    let finite = |point: &[f64; 2]| point.iter().all(|x| x.is_finite());
    let fake: Vec<[f64; 2]> = fake.iter().copied().filter(finite).collect();
    let seen = fake.iter().filter(|point| window.contains(**point)).count();
    if 2 * seen >= fake.len() { window } else { Window::around(&[real, &fake].concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_elsewhere_are_in_the_window_beside_the_data() {
        let window = Window { centre: [4.0, 4.0], half_side: 0.2 };
        let real = [[4.0, 4.0], [4.1, 3.9]];
        assert_eq!(holding(window, &real, &[[4.0, 4.1], [9.0, 9.0]]), window);
        assert_eq!(holding(window, &real, &[[f64::NAN, 0.0]]), window);
        let wide =
            holding(window, &real, &[[4.0, 4.1], [-9.0, 2.0], [-5.0, f64::INFINITY], [3.0, 3.0]]);
        for point in [real[0], real[1], [-9.0, 2.0], [3.0, 3.0]] {
            assert!(wide.contains(point), "{point:?} is not in {wide:?}");
        }
    }
}
