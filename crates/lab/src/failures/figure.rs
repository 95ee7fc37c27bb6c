//! How does a failure look beside its cure?

use gan::doctor::Signs;

use super::{Case, Course};
use crate::figures::{Bitmap, Curve, Curves, Panel, Reference, Scatter, to_bitmap};
use crate::points;

/// Points of either kind in a picture.
const SHOWN: usize = 500;

/// Above, the data and the samples at the end of either course; below, over the turns, both losses
/// and the sign by which the doctor judges, with the border beyond which it sees the failure.
pub fn figure(case: &Case, [ill, cured]: [&Course; 2]) -> Bitmap {
    let scatter = |name: &str, course: &Course| {
        let gan = &course.gan;
        to_bitmap(&Scatter {
            title: name,
            window: gan.window(),
            real: &points(&gan.real(SHOWN, "shown")),
            fake: &points(&gan.generated(SHOWN, "pictures")),
        })
    };
    let over_turns = |value: &dyn Fn(&Signs) -> f64| {
        [ill, cured].map(|course| -> Vec<[f64; 2]> {
            course.looks.iter().map(|signs| [signs.turn as f64, value(signs)]).collect()
        })
    };
    let failure = case.failure;
    let values: [(&str, [Vec<[f64; 2]>; 2]); 3] = [
        ("D's loss", over_turns(&|signs| signs.loss_d)),
        ("G's loss", over_turns(&|signs| signs.loss_g)),
        (failure.sign_name(), over_turns(&|signs| failure.sign(signs))),
    ];
    let curves = values.each_ref().map(|(_, [ill, cured])| {
        [("as it fails", ill), ("with the cure", cured)]
            .map(|(name, points)| Curve { name, points })
    });
    let border = [Reference { name: "border", y: failure.border() }];
    let panel = |i: usize| Panel {
        y_name: values[i].0,
        y_range: None,
        curves: &curves[i],
        references: if i == 2 { &border } else { &[] },
    };
    let curves = to_bitmap(&Curves {
        title: failure.name(),
        x_name: "turn",
        panels: &[panel(0), panel(1), panel(2)],
    });
    let above = [scatter("as it fails", ill), scatter("with the cure", cured)];
    let width = above.iter().map(|picture| picture.width).sum::<u32>().max(curves.width);
    let mut whole = Bitmap::white(width, above[0].height + curves.height);
    whole.paste(&above[0], [0, 0]);
    whole.paste(&above[1], [above[0].width, 0]);
    whole.paste(&curves, [(width - curves.width) / 2, above[0].height]);
    whole
}
