//! Which instruction sets this CPU has, and the tokens that prove it.

use std::str::FromStr;
use std::sync::OnceLock;

/// An instruction set that the kernels are written for; a greater one is faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Plain Rust, vectorised by the compiler (SSE2 on x86-64, NEON on ARM).
    Portable,
    /// AVX2, fused multiply-add and 16-bit floats (F16C).
    Avx2,
    /// AVX-512 Foundation with byte and word operations (F and BW).
    Avx512,
}

impl Level {
    /// Every level, slowest first.
    pub const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// The name that `NIGH_SIMD` takes.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A level's name that is none of `portable`, `avx2`, `avx512`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevel(pub String);

impl std::fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "unknown SIMD level {:?}: expected portable, avx2 or avx512",
            self.0
        )
    }
}

impl std::error::Error for UnknownLevel {}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Level, UnknownLevel> {
        let found = Level::ALL.into_iter().find(|level| level.name() == name);
        found.ok_or_else(|| UnknownLevel(name.to_owned()))
    }
}

/// The level in use: the best that this CPU has, or the one named by the environment variable
/// `NIGH_SIMD` if that is lower. Found once and kept; a name that is not a level changes nothing.
pub fn level() -> Level {
    match active() {
        Active::Portable(_) => Level::Portable,
        #[cfg(target_arch = "x86_64")]
        Active::Avx2(_) => Level::Avx2,
        #[cfg(target_arch = "x86_64")]
        Active::Avx512(_) => Level::Avx512,
    }
}

/// Proof of nothing: the portable kernels run everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

/// Proof that this CPU has AVX2, fused multiply-add and 16-bit floats (F16C): only [`Avx2::detect`] makes one.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// Asks the CPU.
    pub fn detect() -> Option<Avx2> {
        let present = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        present.then_some(Avx2(()))
    }
}

/// Proof that this CPU has AVX-512 Foundation with byte and word operations, and AVX2: only [`Avx512::detect`] makes one.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

#[cfg(target_arch = "x86_64")]
impl Avx512 {
    /// Asks the CPU.
    pub fn detect() -> Option<Avx512> {
        let present = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        (present && Avx2::detect().is_some()).then_some(Avx512(()))
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Active {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

#[inline]
pub(crate) fn active() -> Active {
    static ACTIVE: OnceLock<Active> = OnceLock::new();
    *ACTIVE.get_or_init(|| {
        let named = std::env::var("NIGH_SIMD").ok();
        let limit = named.and_then(|name| name.parse().ok());
        best(limit.unwrap_or(Level::Avx512))
    })
}

#[cfg(target_arch = "x86_64")]
fn best(limit: Level) -> Active {
    let avx512 = Avx512::detect().filter(|_| limit >= Level::Avx512);
    let avx2 = Avx2::detect().filter(|_| limit >= Level::Avx2);
    let below = avx2.map_or(Active::Portable(Portable), Active::Avx2);
    avx512.map_or(below, Active::Avx512)
}

#[cfg(not(target_arch = "x86_64"))]
fn best(_limit: Level) -> Active {
    Active::Portable(Portable)
}
