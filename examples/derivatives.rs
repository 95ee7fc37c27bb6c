//! What the engine computes: derivatives beside their closed forms, and why the order matters in
//! which the sweep undoes steps.
//!
//! `cargo run --release --example derivatives -- [--smoke]`

use std::any::type_name;
use std::collections::BTreeMap;
use std::process::ExitCode;

use autograd::{Array, Real, Tensor, grad};
use clap::Parser;
use lab::Error;

/// Prints derivatives beside their closed forms, then a sweep in the right and in a wrong order.
#[derive(Parser)]
struct Flags {
    /// Two points instead of seven
    #[arg(long)]
    smoke: bool,
}

fn main() -> ExitCode {
    lab::program::run(print_all)
}

fn print_all(flags: Flags) -> Result<(), Error> {
    let points: &[Real] =
        if flags.smoke { &[-1.0, 0.5] } else { &[-3.0, -1.0, -0.1, 0.1, 0.5, 1.0, 2.5] };

    println!("error is the engine's {} minus the closed form in f64\n", type_name::<Real>());
    compare("f(x) = tanh x", points, Tensor::tanh, |x| {
        let y = x.tanh();
        [y, 1.0 - y * y, -2.0 * y * (1.0 - y * y)]
    });
    compare(
        "f(x) = x³ exp(-x)",
        points,
        |x| x.pow(3.0) * (-x).exp(),
        |x| [x * x * x, (3.0 - x) * x * x, (6.0 - 6.0 * x + x * x) * x].map(|p| p * (-x).exp()),
    );
    double_twice();
    too_early();
    Ok(())
}

/// Prints f, f' and f'' at each point, as the engine has them, and how far they are from the
/// closed form.
fn compare(
    title: &str,
    points: &[Real],
    f: impl Fn(&Tensor) -> Tensor,
    closed_form: impl Fn(f64) -> [f64; 3],
) {
    let x = Tensor::variable(Array::new([points.len()], points));
    let y = f(&x);
    // Each y_i depends on its own x_i alone, so the gradient of their sum holds every dy_i/dx_i.
    let [dy] = grad(&y.sum(), [&x], true);
    let [ddy] = grad(&dy.sum(), [&x], false);

    println!("{title}\n");
    println!("     x |           f      error |          f'      error |         f''      error");
    for (i, x) in points.iter().enumerate() {
        print!("{x:6.2}");
        let engine = [&y, &dy, &ddy].map(|tensor| f64::from(tensor.numbers()[i]));
        for (engine, exact) in engine.into_iter().zip(closed_form(f64::from(*x))) {
            print!(" | {engine:11.6} {:10.1e}", engine - exact);
        }
        println!();
    }
    println!();
}

/// Two steps, each of which uses its input twice.
fn double_twice() {
    let a = Tensor::variable(Array::scalar(3.0));
    let b = &a + &a;
    let c = &b + &b;
    println!("b = a + a, c = b + b. The sweep for dc/da undoes the newest step first:\n");
    let [dc, db, da] = grad(&c, [&c, &b, &a], false).map(|gradient| gradient.item());
    println!("    c has gradient {dc}, by definition");
    println!("    b has gradient {db}, the sum over both uses in c");
    println!("    a has gradient {da}, the sum over both uses in b\n");
    println!("Undone after the first of those uses, b would have passed on 1 instead of 2, and a");
    println!("would have got 2. This graph has room for a wrong order:\n");
}

/// An op already applied, with the slope ∂result/∂input of each use of an input.
struct Step {
    text: &'static str,
    result: char,
    uses: [(char, f64); 2],
}

/// Undoes steps in the given order, each with the gradient its result has at that moment, and
/// returns dy/da.
fn sweep(order: [&Step; 3]) -> f64 {
    let mut gradients = BTreeMap::from([('a', 0.0), ('b', 0.0), ('c', 0.0), ('y', 1.0)]);
    for step in order {
        let dy = gradients[&step.result];
        print!("    undo {:9}  {} has {dy:2}, so", step.text, step.result);
        for (input, slope) in step.uses {
            let before = gradients[&input];
            let after = before + dy * slope;
            print!("   {input}: {before} + {} = {after}", dy * slope);
            gradients.insert(input, after);
        }
        println!();
    }
    gradients[&'a']
}

fn too_early() {
    let a = Tensor::variable(Array::scalar(3.0));
    let b = &a + &a;
    let c = &b + &a;
    let y = &b * &c;
    let [da] = grad(&y, [&a], false);
    println!("b = a + a, c = b + a, y = b c. So y = 6 a², and dy/da = 12 a = 36 at a = 3.");
    println!("The engine's sweep: {}\n", da.item());

    let [b, c] = [b.item(), c.item()].map(f64::from);
    let b_step = Step { text: "b = a + a", result: 'b', uses: [('a', 1.0), ('a', 1.0)] };
    let c_step = Step { text: "c = b + a", result: 'c', uses: [('b', 1.0), ('a', 1.0)] };
    let y_step = Step { text: "y = b c", result: 'y', uses: [('b', c), ('c', b)] };

    println!("By hand, newest first:");
    let right = sweep([&y_step, &c_step, &b_step]);
    println!("    dy/da = {right}\n");
    println!("By hand, b too early, when only its use in y has reported and not the one in c:");
    let wrong = sweep([&y_step, &b_step, &c_step]);
    println!("    dy/da = {wrong}, which is wrong: what c adds to b never reaches a\n");
    println!("Inputs exist before what is made of them, so newest first is never too early.");
}
