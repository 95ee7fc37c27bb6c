//! When is a failure named, and when is it over?

use std::fmt;

use layers::State;

use super::signs::COUNT;
use super::{Failure, Signs, WINDOW};

/// Examinations at the beginning that prove nothing: every generator starts from a point.
const GRACE: u64 = 10;

/// A failure is named when so many of the last [`WINDOW`] examinations show it ...
const NAMED_FROM: u32 = 8;

/// ... and over when so few do. The distance between the two keeps it from flickering.
const OVER_FROM: u32 = 2;

/// A failure that was seen, and what showed it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Which.
    pub failure: Failure,
    /// What was seen when it was named.
    pub signs: Signs,
    /// The turn in which it was over, if it is.
    pub over: Option<u64>,
}

/// Three lines: what, what shows it, and what to try. Of one that is over, a fourth.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { failure, signs, over } = self;
        writeln!(f, "doctor, turn {}: {}", signs.turn, failure.name())?;
        writeln!(f, "  seen: {}", failure.evidence(signs))?;
        write!(f, "  try: {}", failure.advice())?;
        over.map_or(Ok(()), |turn| write!(f, "\n  over in turn {turn}"))
    }
}

/// What was seen and found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The last [`WINDOW`] examinations, the last one last.
    pub(super) window: Vec<Signs>,
    pub(super) findings: Vec<Finding>,
    examinations: u64,
    /// For each failure which of the last [`WINDOW`] examinations showed it, in bits.
    shown: [u32; Failure::ALL.len()],
}

impl Record {
    /// Takes in an examination, and names what it is the last proof of.
    pub(super) fn add(&mut self, mut signs: Signs) {
        signs.travelled = signs.moved + self.window.iter().skip(1).map(|s| s.moved).sum::<f64>();
        if let Some(first) = self.window.first() {
            signs.shifted = signs.away - first.away;
            signs.gained = 1.0 - signs.gap / first.gap.abs().max(f64::EPSILON);
        }
        if self.window.len() == WINDOW {
            self.window.remove(0);
        }
        self.window.push(signs);
        self.examinations += 1;
        if self.examinations <= GRACE {
            return;
        }
        for (failure, shown) in Failure::ALL.into_iter().zip(&mut self.shown) {
            *shown = (*shown << 1 | u32::from(failure.shows(&signs))) & ((1 << WINDOW) - 1);
            let open =
                |finding: &&mut Finding| finding.failure == failure && finding.over.is_none();
            match (self.findings.iter_mut().find(open), shown.count_ones()) {
                (None, NAMED_FROM..) => {
                    self.findings.push(Finding { failure, signs, over: None });
                }
                (Some(finding), ..=OVER_FROM) => finding.over = Some(signs.turn),
                _ => {}
            }
        }
    }

    pub(super) fn put(&self, state: &mut State<'_>) {
        let window: Vec<f64> = self.window.iter().flat_map(Signs::numbers).collect();
        let shown = self.shown.map(f64::from);
        let findings = self.findings.iter().flat_map(|finding| {
            let Finding { failure, signs, over } = finding;
            let over = over.map_or(-1.0, |turn| turn as f64);
            [*failure as usize as f64, over].into_iter().chain(signs.numbers())
        });
        state.put_list("window", &window);
        state.put_list("shown", &[&[self.examinations as f64], &shown[..]].concat());
        state.put_list("findings", &findings.collect::<Vec<_>>());
    }

    /// The record of these lists, if they are of one.
    pub(super) fn of(window: &[f64], shown: &[f64], findings: &[f64]) -> Option<Record> {
        let (looks, rest) = window.as_chunks::<COUNT>();
        let ([examinations, shown @ ..], []) = (shown, rest) else { return None };
        let bits: Vec<u32> = shown.iter().map(|bits| *bits as u32).collect();
        let each = findings.chunks(2 + COUNT).map(|numbers| {
            let ([failure, over], signs) = numbers.split_first_chunk()?;
            Some(Finding {
                failure: *Failure::ALL.get(*failure as usize)?,
                signs: Signs::of(signs.try_into().ok()?),
                over: (*over >= 0.0).then_some(*over as u64),
            })
        });
        Some(Record {
            window: looks.iter().map(Signs::of).collect(),
            findings: each.collect::<Option<_>>()?,
            examinations: *examinations as u64,
            shown: bits.try_into().ok()?,
        })
    }
}
