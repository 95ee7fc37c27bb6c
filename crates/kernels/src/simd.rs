//! Which vector instructions does this CPU have, and how does code get to use them?
//!
//! A [`Level`] is a set of instructions. For every level above the portable one there is a *token*,
//! a type without contents that only detection can make. Holding an `Avx512` therefore proves
//! that the CPU has AVX-512, and its methods are safe to call.
//!
//! Three pieces make a fast loop out of generic code:
//!
//! 1. The body is generic over `Simd` and `#[inline(always)]`.
//! 2. A *root* for each level is marked `#[target_feature(enable = ...)]` and calls the body. Only
//!    there, with everything inlined, does the compiler emit the level's instructions.
//! 3. [`level`] is asked once which root to call.
//!
//! `ADVERSARIA_ISA=portable`, `avx2` or `avx512` pins the level, to test and to measure. The
//! program panics where the CPU lacks it: a test never silently tests something else.

use std::sync::OnceLock;

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod avx2;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod avx512;
mod portable;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod probe;

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub(crate) use avx2::Avx2;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub use probe::probe;

use crate::Real;

/// The environment variable that pins the level.
const VARIABLE: &str = "ADVERSARIA_ISA";

/// A set of vector instructions; a later level contains the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every CPU of the target architecture has.
    Portable,
    /// AVX2 and FMA: 16 registers of 8 floats.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: 32 registers of 16 floats, and masks.
    Avx512,
}

impl Level {
    const ALL: [(&str, Level); 3] =
        [("portable", Level::Portable), ("avx2", Level::Avx2), ("avx512", Level::Avx512)];

    /// The levels of this CPU, the portable one first, whatever `ADVERSARIA_ISA` says.
    pub fn available() -> impl Iterator<Item = Level> {
        let best = Level::detect();
        Level::ALL.into_iter().map(|(_, level)| level).filter(move |level| *level <= best)
    }

    /// The best level of this CPU; asked once, remembered afterwards.
    #[inline]
    fn detect() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(Level::ask_the_cpu)
    }

    #[cfg(target_arch = "x86_64")]
    fn ask_the_cpu() -> Level {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match (avx2, avx512) {
            (true, true) => Level::Avx512,
            (true, false) => Level::Avx2,
            (false, _) => Level::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ask_the_cpu() -> Level {
        Level::Portable
    }

    /// The level that `name` pins, on a CPU whose best is `best`.
    fn pinned(name: &str, best: Level) -> Level {
        let known = Level::ALL.into_iter().find(|(known, _)| *known == name);
        let Some((_, level)) = known else {
            panic!("{VARIABLE}={name} is no level: take portable, avx2 or avx512, or unset it");
        };
        assert!(
            level <= best,
            "{VARIABLE}={name}, but this CPU has no more than {best:?}: unset it, or take a lower one"
        );
        level
    }
}

/// The level that kernels use: the CPU's best, or what `ADVERSARIA_ISA` pins.
///
/// # Panics
/// If `ADVERSARIA_ISA` names no level, or one that the CPU lacks.
#[inline]
pub fn level() -> Level {
    static CHOICE: OnceLock<Level> = OnceLock::new();
    *CHOICE.get_or_init(|| {
        let best = Level::detect();
        // A name that is no Unicode is no level either.
        let pinned = std::env::var_os(VARIABLE).map(|name| name.to_string_lossy().into_owned());
        pinned.map_or(best, |name| Level::pinned(&name, best))
    })
}

/// Vectors of numbers on one level. The implementor is the level's token; in f64 there is only the
/// portable one.
pub(crate) trait Simd: Copy {
    /// Numbers in a vector.
    const LANES: usize;
    /// A vector register.
    type Vector: Copy;
    /// A choice of lanes.
    type Mask: Copy;

    /// (x, x, ..., x).
    fn splat(self, x: Real) -> Self::Vector;

    /// a + b.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// a b + c, rounded once where the CPU can do that.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// The lanes before `count`, which is at most `LANES`.
    fn first(self, count: usize) -> Self::Mask;

    /// The `LANES` numbers at `from`.
    ///
    /// # Safety
    /// All of them can be read.
    unsafe fn load(self, from: *const Real) -> Self::Vector;

    /// Those of the `LANES` numbers at `from` that the mask chooses; 0 in the other lanes.
    ///
    /// # Safety
    /// The chosen ones can be read.
    unsafe fn load_masked(self, mask: Self::Mask, from: *const Real) -> Self::Vector;

    /// Writes all lanes.
    ///
    /// # Safety
    /// The `LANES` numbers at `to` can be written.
    unsafe fn store(self, x: Self::Vector, to: *mut Real);

    /// Writes the lanes that the mask chooses, and touches no others.
    ///
    /// # Safety
    /// The chosen numbers at `to` can be written.
    unsafe fn store_masked(self, mask: Self::Mask, x: Self::Vector, to: *mut Real);

    /// Asks for the cache line at `at`, which need not be valid memory.
    fn prefetch(self, at: *const Real);

    /// Transposes a block: with `(from, from_stride)`, `(rows, columns)` and `(to, to_stride)`,
    /// `to[j * to_stride + i] = from[i * from_stride + j]`
    /// for j < `columns`, with 0 where i >= `rows`.
    ///
    /// # Safety
    /// - `from[i * from_stride + j]` can be read for i < `rows`, j < `columns`.
    /// - `to[j * to_stride + i]` can be written for j < `columns`, i < `LANES`.
    /// - `rows` and `columns` are at most `LANES`.
    unsafe fn transpose(
        self,
        from: (*const Real, usize),
        size: (usize, usize),
        to: (*mut Real, usize),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_pinned_by_name() {
        assert_eq!(Level::pinned("portable", Level::Avx512), Level::Portable);
        assert_eq!(Level::pinned("avx2", Level::Avx512), Level::Avx2);
        assert_eq!(Level::pinned("avx512", Level::Avx512), Level::Avx512);
    }

    #[test]
    #[should_panic(expected = "ADVERSARIA_ISA=sse9 is no level: take portable, avx2 or avx512")]
    fn unknown_names_panic() {
        Level::pinned("sse9", Level::Avx512);
    }

    #[test]
    #[should_panic(expected = "this CPU has no more than Avx2")]
    fn a_level_that_the_cpu_lacks_panics() {
        Level::pinned("avx512", Level::Avx2);
    }

    #[test]
    fn the_chosen_level_is_available() {
        assert_eq!(Level::available().next(), Some(Level::Portable));
        assert!(Level::available().any(|available| available == level()));
    }

    #[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
    #[test]
    fn a_token_exists_where_its_level_does() {
        let has = |level| Level::available().any(|available| available == level);
        assert_eq!(Avx2::detect().is_some(), has(Level::Avx2));
        assert_eq!(Avx512::detect().is_some(), has(Level::Avx512));
    }
}
