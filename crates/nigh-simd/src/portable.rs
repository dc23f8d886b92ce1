//! Plain Rust that the compiler vectorises: every CPU, ARM among them.

type V = [f32; LANES];
const LANES: usize = 8;
// Eight lanes are two registers of 128 bits: ARM has 32 of them, plain x86-64 has 16.
const BLOCK_QUERIES: usize = 2;
const BLOCK_ROWS: usize = if cfg!(target_arch = "aarch64") { 2 } else { 1 };

crate::kernels::kernels!();
crate::half::f16_kernels!();

#[inline(always)]
fn zero() -> V {
    [0.0; LANES]
}

/// # Safety
/// `from` is readable for `LANES` values.
#[inline(always)]
unsafe fn load(from: *const f32) -> V {
    // SAFETY: the caller vouches for the values; an unaligned read has no other demand.
    unsafe { from.cast::<V>().read_unaligned() }
}

/// # Safety
/// `from` is readable for `count` values, and `count < LANES`.
#[inline(always)]
unsafe fn load_partial(from: *const f32, count: usize) -> V {
    let mut v = zero();
    // SAFETY: the caller vouches for `count` values; a live f32 slice is aligned for f32.
    v[..count].copy_from_slice(unsafe { core::slice::from_raw_parts(from, count) });
    v
}

/// # Safety
/// `from` is readable for `LANES` values.
#[inline(always)]
unsafe fn load_f16(from: *const u16) -> V {
    // SAFETY: the caller vouches for the values; an unaligned read has no other demand.
    let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
    bits.map(widen_f16)
}

/// Exponent and fraction are moved into place; a multiplication by 2¹¹², exact for small values too, makes up for the
/// difference of the exponents' biases.
#[inline(always)]
fn widen_f16(bits: u16) -> f32 {
    let bias = f32::from_bits((127 + 112) << 23);
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * bias;
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

#[inline(always)]
fn splat(value: f32) -> V {
    [value; LANES]
}

#[inline(always)]
fn multiply_add(a: V, b: V, total: V) -> V {
    core::array::from_fn(|i| {
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            a[i].mul_add(b[i], total[i])
        } else {
            // `mul_add` without the instruction would be a library call for every value.
            a[i] * b[i] + total[i]
        }
    })
}

#[inline(always)]
fn subtract(a: V, b: V) -> V {
    core::array::from_fn(|i| a[i] - b[i])
}

#[inline(always)]
fn multiply_subtract(a: V, b: V, from: V) -> V {
    multiply_add(a.map(|x| -x), b, from)
}

#[inline(always)]
fn add(a: V, b: V) -> V {
    core::array::from_fn(|i| a[i] + b[i])
}

#[inline(always)]
fn sum(v: V) -> f32 {
    let half: [f32; 4] = core::array::from_fn(|i| v[i] + v[i + 4]);
    (half[0] + half[2]) + (half[1] + half[3])
}

#[inline(always)]
fn prefetch(address: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64, and a prefetch of any address whatever cannot fault.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
