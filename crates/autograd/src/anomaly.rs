//! Where did a NaN or an infinity first appear?
//!
//! A loss that is NaN says nothing about its cause, which may lie a hundred ops back, in a
//! derivative, or in the numbers that came in. [`guard`] looks at every number that an op makes,
//! forward and backward, and reports the first one that is not finite.
//!
//! Each recorded op knows the line of the program that applied it, so a derivative is reported
//! with the line of the op it belongs to. Outside of `guard` nothing is looked at: an op asks one
//! flag of its thread.

use crate::{Array, Shape, Tensor};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

/// A line of the program.
pub(crate) type Place = &'static Location<'static>;

/// The first number that was not finite, and where it appeared. Prints as a report:
///
/// ```text
/// the derivative of sqrt: div made infinity at [0] of its result [3]
///   sqrt was applied at src/main.rs:12:22
///   to `0.weight` [3]
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// The op: the one whose derivative was computed, if it was one.
    pub op: &'static str,
    /// Where that op was applied.
    pub place: &'static Location<'static>,
    report: String,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

impl std::error::Error for Anomaly {}

/// Runs `body` and watches the ops of this thread, and of [`in_pool`](crate::in_pool) inside.
///
/// `body` runs to its end even if a number is not finite, so nothing is left half done. Guard a
/// step, not the whole training, to learn of it soon.
///
/// ```
/// use adversaria_autograd::{Tensor, anomaly};
///
/// let x = Tensor::new([3], &[1.0, 0.0, 2.0]);
/// let anomaly = anomaly::guard(|| x.ln().sum()).unwrap_err();
/// let report = anomaly.to_string();
/// assert!(report.starts_with("ln made -infinity at [1] of its result [3]"));
/// ```
///
/// # Errors
/// If an op made a NaN or an infinity, or got one from outside. The first one is reported.
pub fn guard<T>(body: impl FnOnce() -> T) -> Result<T, Anomaly> {
    let mut watch = Watch { on: true, state: State::default() };
    let result = watch.during(body);
    watch.state.first.map_or(Ok(result), Err)
}

/// What a thread's guard needs: a thread that runs a body for another takes that one's along.
#[derive(Default)]
pub(crate) struct Watch {
    on: bool,
    state: State,
}

impl Watch {
    /// Runs `body` under this watch in place of the thread's own.
    pub(crate) fn during<T>(&mut self, body: impl FnOnce() -> T) -> T {
        let _swapped = self.swapped();
        body()
    }

    /// Exchanges this watch and the thread's until what is returned is dropped.
    pub(crate) fn swapped(&mut self) -> Swapped<'_> {
        self.swap();
        Swapped(self)
    }

    fn swap(&mut self) {
        self.on = WATCHING.replace(self.on);
        STATE.with_borrow_mut(|state| std::mem::swap(state, &mut self.state));
    }
}

/// The watch that a thread had before. It is put back even if what runs meanwhile panics.
pub(crate) struct Swapped<'w>(pub(crate) &'w mut Watch);

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        self.0.swap();
    }
}

/// Tells the guard, if there is one, what reports shall call a tensor: the path of a parameter.
#[inline]
pub fn name(tensor: &Tensor, name: &str) {
    if WATCHING.get() {
        remember_name(tensor, name);
    }
}

#[cold]
fn remember_name(tensor: &Tensor, name: &str) {
    STATE.with_borrow_mut(|state| {
        state.names.entry(tensor.id()).or_insert_with(|| name.to_owned());
    });
}

/// Tells the guard, if there is one, that the numbers of a variable have been replaced, and what
/// reports shall call it.
#[inline]
#[track_caller]
pub fn updated(variable: &Tensor, name: &str) {
    if WATCHING.get() {
        look_at_update(variable, name, Location::caller());
    }
}

#[cold]
fn look_at_update(variable: &Tensor, name: &str, place: Place) {
    remember_name(variable, name);
    if let Some(made) = Found::new("made", variable.value()) {
        let variable = describe(variable);
        note("update", place, || {
            format!("the update of {variable} {made}\n  it was updated at {place}")
        });
    }
}

thread_local! {
    /// Whether a guard has not found anything yet.
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    first: Option<Anomaly>,
    names: BTreeMap<u64, String>,
    /// Whose derivative is being computed.
    undone: Option<Undone>,
}

/// An op that is being undone.
#[derive(Clone)]
struct Undone {
    op: &'static str,
    place: Place,
    inputs: Vec<Tensor>,
}

/// Looks at the result of an op. Returns where it counts as applied: a step of a derivative counts
/// as applied where the op was.
#[inline]
pub(crate) fn seen(op: &'static str, place: Place, x: &[&Tensor], y: &Array) -> Place {
    if WATCHING.get() { look_at_result(op, place, x, y) } else { place }
}

#[cold]
fn look_at_result(op: &'static str, place: Place, x: &[&Tensor], y: &Array) -> Place {
    let undone = STATE.with_borrow(|state| state.undone.clone());
    let applied = undone.as_ref().map_or(place, |undone| undone.place);
    let Some(made) = Found::new("made", y) else { return applied };
    let got = x.iter().enumerate().find_map(|(i, x)| {
        let got = Found::new("got", x.value())?;
        Some(format!("{got} of its input {i}, {}", describe(x)))
    });
    let what = got.unwrap_or_else(|| format!("{made} of its result {}", y.shape()));
    match undone {
        Some(Undone { op: outer, inputs, .. }) => {
            report(outer, applied, &inputs, &format!("the derivative of {outer}: {op} {what}"));
        }
        None => {
            let inputs: Vec<Tensor> = x.iter().map(|x| (*x).clone()).collect();
            report(op, applied, &inputs, &format!("{op} {what}"));
        }
    }
    applied
}

/// Looks at the gradient that an op gets before its derivative is computed.
#[inline]
pub(crate) fn undoing(op: &'static str, place: Place, inputs: &[Tensor], dy: &Tensor) {
    if WATCHING.get() {
        look_before_derivative(op, place, inputs, dy);
    }
}

#[cold]
fn look_before_derivative(op: &'static str, place: Place, inputs: &[Tensor], dy: &Tensor) {
    if let Some(got) = Found::new("got", dy.value()) {
        let shape = dy.shape();
        let what = format!("the derivative of {op} {got} of the gradient in its result {shape}");
        report(op, place, inputs, &what);
    }
    let undone = Some(Undone { op, place, inputs: inputs.to_vec() });
    STATE.with_borrow_mut(|state| state.undone = undone);
}

/// Looks at the gradients in its inputs that an op's derivative has made.
#[inline]
pub(crate) fn undone(dx: &[Option<Tensor>]) {
    if WATCHING.get() {
        look_at_derivatives(dx);
    }
}

#[cold]
fn look_at_derivatives(dx: &[Option<Tensor>]) {
    let undone = STATE.with_borrow_mut(|state| state.undone.take());
    // None if the derivative has run a sweep of its own.
    let Some(Undone { op, place, inputs }) = undone else { return };
    for (i, dx_i) in dx.iter().enumerate() {
        if let Some(made) = dx_i.as_ref().and_then(|dx| Found::new("made", dx.value())) {
            let x_i = describe(&inputs[i]);
            let what =
                format!("the derivative of {op} {made} of the gradient in its input {i}, {x_i}");
            report(op, place, &inputs, &what);
        }
    }
}

/// The sum of the gradients that x gets by two of its uses.
#[inline]
#[track_caller]
pub(crate) fn sum_in(x: &Tensor, dx: Tensor, another: Tensor) -> Tensor {
    if WATCHING.get() { look_at_sum(x, dx, another, Location::caller()) } else { dx + another }
}

#[cold]
fn look_at_sum(x: &Tensor, dx: Tensor, another: Tensor, place: Place) -> Tensor {
    // The addition is the engine's, and is reported as such.
    WATCHING.set(false);
    let sum = dx + another;
    WATCHING.set(true);
    if let Some(made) = Found::new("made", sum.value()) {
        let x = describe(x);
        note("add", place, || {
            format!("the sum of the gradients in {x} {made}\n  they were added at {place}")
        });
    }
    sum
}

fn report(op: &'static str, place: Place, inputs: &[Tensor], what: &str) {
    let inputs: Vec<String> = inputs.iter().map(describe).collect();
    note(op, place, || {
        format!("{what}\n  {op} was applied at {place}\n  to {}", inputs.join(", "))
    });
}

/// Keeps a report if it is the first, and stops watching: what follows are consequences.
fn note(op: &'static str, place: Place, report: impl FnOnce() -> String) {
    if WATCHING.replace(false) {
        let report = report();
        STATE.with_borrow_mut(|state| state.first = Some(Anomaly { op, place, report }));
    }
}

/// The name of a tensor, if it has one, and its shape.
fn describe(tensor: &Tensor) -> String {
    STATE.with_borrow(|state| match state.names.get(&tensor.id()) {
        Some(name) => format!("`{name}` {}", tensor.shape()),
        None => tensor.shape().to_string(),
    })
}

/// A number that is not finite: `made NaN at [0, 2]`.
struct Found {
    verb: &'static str,
    number: &'static str,
    index: Shape,
}

impl Found {
    /// The first one in an array.
    fn new(verb: &'static str, array: &Array) -> Option<Found> {
        let at = array.numbers().iter().position(|x| !x.is_finite())?;
        let number = match array.numbers()[at] {
            x if x.is_nan() => "NaN",
            x if x > 0.0 => "infinity",
            _ => "-infinity",
        };
        let strides = array.shape().strides();
        let index = array.shape().iter().zip(strides).map(|(size, stride)| at / stride % size);
        Some(Found { verb, number, index: index.collect() })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.verb, self.number, self.index)
    }
}
