//! Every form of the quantised kernels against slow and obvious ones.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

use nigh_simd::{
    Affine, BLOCK_ROWS, Hit, Level, MAX_GROUPS, Portable, TABLE_ENTRIES, TABLE_MAX, block_bytes,
    code_row, put_code_row,
};
#[cfg(target_arch = "x86_64")]
use nigh_simd::{Avx2, Avx512};
use support::tell_missing;

struct Form {
    level: Level,
    scan: fn(&[u8], &[u8], Affine, &mut Vec<Hit>),
    integers: fn(&[i16], &[i8], &mut [i32]),
    integer_block: fn(&[i16], &[i8], usize, &mut [i32]),
    hadamard: fn(&mut [f32]),
}

macro_rules! form {
    ($level:ident, $token:expr) => {
        Form {
            level: Level::$level,
            scan: |blocks, table, affine, hits| $token.scan_codes(blocks, table, affine, hits),
            integers: |query, rows, out| $token.dot_i16_i8_rows(query, rows, out),
            integer_block: |queries, rows, dim, out| {
                $token.dot_i16_i8_block(queries, rows, dim, out)
            },
            hadamard: |values| $token.hadamard(values),
        }
    };
}

fn forms() -> Vec<Form> {
    let mut forms = vec![form!(Portable, Portable)];
    #[cfg(target_arch = "x86_64")]
    {
        if Avx2::detect().is_some() {
            forms.push(form!(Avx2, Avx2::detect().unwrap()));
        }
        if Avx512::detect().is_some() {
            forms.push(form!(Avx512, Avx512::detect().unwrap()));
        }
    }
    tell_missing(&forms.iter().map(|form| form.level).collect::<Vec<_>>());
    forms
}

struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    fn unit(&mut self) -> f32 {
        self.next() as f32 / 8_388_608.0 - 1.0
    }
}

/// Blocks for `rows` rows, the table, and each row's exact sum.
fn example(groups: usize, rows: usize, seed: u32) -> (Vec<u8>, Vec<u8>, Vec<u16>) {
    let mut numbers = Numbers(seed);
    let table: Vec<u8> = (0..groups * TABLE_ENTRIES)
        .map(|_| (numbers.next() % (u32::from(TABLE_MAX) + 1)) as u8)
        .collect();
    let mut blocks = vec![0; rows.div_ceil(BLOCK_ROWS) * block_bytes(groups)];
    let mut sums = Vec::new();
    for row in 0..rows.next_multiple_of(BLOCK_ROWS) {
        let codes: Vec<u8> = (0..groups).map(|_| (numbers.next() % 16) as u8).collect();
        let add = if row < rows { numbers.unit() } else { f32::NAN };
        put_code_row(&mut blocks, groups, row, &codes, numbers.unit(), add);
        let entries = codes
            .iter()
            .enumerate()
            .map(|(group, &code)| u16::from(table[group * TABLE_ENTRIES + usize::from(code)]));
        sums.push(entries.sum());
    }
    (blocks, table, sums)
}

const EVERYTHING: f32 = f32::NEG_INFINITY;

#[test]
fn scanned_values_are_those_of_single_rows() {
    let mut wrong = Vec::new();
    for form in forms() {
        for groups in [
            2,
            4,
            6,
            8,
            10,
            14,
            16,
            24,
            30,
            32,
            34,
            64,
            98,
            128,
            196,
            256,
            MAX_GROUPS / 2 * 2,
        ] {
            for rows in [1, 31, 32, 33, 100] {
                let (blocks, table, sums) = example(groups, rows, groups as u32);
                let affine = Affine {
                    step: 0.01,
                    offset: -3.0,
                    floor: EVERYTHING,
                };
                let mut hits = Vec::new();
                (form.scan)(&blocks, &table, affine, &mut hits);
                let expected: Vec<f64> = (0..rows)
                    .map(|row| {
                        let (_, scale, add) = code_row(&blocks, groups, row);
                        let inner = f64::from(sums[row]) * f64::from(affine.step)
                            + f64::from(affine.offset);
                        f64::from(add) + f64::from(scale) * inner
                    })
                    .collect();
                let near = hits
                    .iter()
                    .zip(&expected)
                    .all(|(hit, value)| (f64::from(hit.value) - value).abs() <= 1e-4);
                let rows_found: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
                if !near || rows_found != (0..rows as u32).collect::<Vec<_>>() {
                    wrong.push(format!("{} groups {groups} rows {rows}", form.level));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sums_are_exact_in_every_form() {
    let mut wrong = Vec::new();
    for form in forms() {
        for groups in [2, 8, 32, 66, MAX_GROUPS / 2 * 2] {
            let (mut blocks, mut table, _) = example(groups, 64, 9);
            table
                .iter_mut()
                .for_each(|entry| *entry = TABLE_MAX - *entry % 2);
            let mut sums = Vec::new();
            for row in 0..64 {
                let (codes, ..) = code_row(&blocks, groups, row);
                put_code_row(&mut blocks, groups, row, &codes, 1.0, 0.0);
                let entry = |(group, &code): (usize, &u8)| {
                    u32::from(table[group * TABLE_ENTRIES + usize::from(code)])
                };
                sums.push(codes.iter().enumerate().map(entry).sum::<u32>() as f32);
            }
            let mut hits = Vec::new();
            (form.scan)(
                &blocks,
                &table,
                Affine {
                    step: 1.0,
                    offset: 0.0,
                    floor: EVERYTHING,
                },
                &mut hits,
            );
            let found: Vec<f32> = hits.iter().map(|hit| hit.value).collect();
            if found != sums {
                wrong.push(format!("{} groups {groups}", form.level));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_floor_is_inclusive_and_keeps_the_rest_out() {
    for form in forms() {
        let (blocks, table, _) = example(16, 70, 3);
        let scan = |floor| {
            let mut hits = Vec::new();
            (form.scan)(
                &blocks,
                &table,
                Affine {
                    step: 0.1,
                    offset: 0.5,
                    floor,
                },
                &mut hits,
            );
            hits
        };
        let all = scan(EVERYTHING);
        for floor in all
            .iter()
            .map(|hit| hit.value)
            .chain([f32::INFINITY, f32::NAN])
        {
            let expected: Vec<Hit> = all
                .iter()
                .copied()
                .filter(|hit| hit.value >= floor)
                .collect();
            assert_eq!(scan(floor), expected, "{} floor {floor}", form.level);
        }
    }
}

#[test]
fn integer_products_are_exact_and_wrap_alike() {
    let mut wrong = Vec::new();
    for form in forms() {
        for dim in (0..70).chain([127, 128, 784, 4099]) {
            for extreme in [false, true] {
                let mut numbers = Numbers(dim as u32);
                let query: Vec<i16> = (0..dim)
                    .map(|_| {
                        if extreme {
                            i16::MIN
                        } else {
                            numbers.next() as i16
                        }
                    })
                    .collect();
                let rows: Vec<i8> = (0..7 * dim)
                    .map(|_| {
                        if extreme {
                            i8::MIN
                        } else {
                            numbers.next() as i8
                        }
                    })
                    .collect();
                let mut found = [0; 7];
                (form.integers)(&query, &rows, &mut found);
                let expected: Vec<i32> = (0..7)
                    .map(|row| {
                        let pairs = query.iter().zip(&rows[row * dim..][..dim]);
                        pairs
                            .map(|(&a, &b)| i64::from(a) * i64::from(b))
                            .sum::<i64>() as i32
                    })
                    .collect();
                if found != expected[..] {
                    wrong.push(format!("{} dim {dim}", form.level));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_hadamard_transform_is_that_of_its_definition() {
    for form in forms() {
        for length in [1, 2, 8, 64, 256] {
            let mut numbers = Numbers(length as u32);
            let values: Vec<f32> = (0..length).map(|_| numbers.unit()).collect();
            let mut found = values.clone();
            (form.hadamard)(&mut found);
            for (i, found) in found.iter().enumerate() {
                let sign = |j: usize| {
                    if (i & j).count_ones().is_multiple_of(2) {
                        1.0
                    } else {
                        -1.0
                    }
                };
                let sum: f64 = values
                    .iter()
                    .enumerate()
                    .map(|(j, &x)| sign(j) * f64::from(x))
                    .sum();
                let expected = sum / (length as f64).sqrt();
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-5,
                    "{} {length} {i}",
                    form.level
                );
            }
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let affine = Affine {
        step: 1.0,
        offset: 0.0,
        floor: 0.0,
    };
    let mut accepted = Vec::new();
    for (blocks, table) in [
        (0, 16),
        (0, 33),
        (1, 32),
        (block_bytes(2) + 1, 32),
        (0, 32 * MAX_GROUPS),
    ] {
        let call =
            || nigh_simd::scan_codes(&vec![0; blocks], &vec![0; table], affine, &mut Vec::new());
        if std::panic::catch_unwind(call).is_ok() {
            accepted.push((blocks, table));
        }
    }
    assert!(accepted.is_empty(), "{accepted:?}");
    assert!(std::panic::catch_unwind(|| nigh_simd::dot_i16_i8(&[1], &[1, 2])).is_err());
    assert!(std::panic::catch_unwind(|| nigh_simd::hadamard(&mut [0.0; 3])).is_err());
    nigh_simd::prefetch(&[]);
}

#[test]
fn a_block_of_integer_products_is_that_of_each_query() {
    let mut wrong = Vec::new();
    for form in forms() {
        for dim in [1, 15, 16, 17, 64, 100] {
            for asked in 0..6 {
                for count in [0, 1, 4, 7] {
                    let mut numbers = Numbers((dim + asked) as u32);
                    let queries: Vec<i16> =
                        (0..asked * dim).map(|_| numbers.next() as i16).collect();
                    let rows: Vec<i8> = (0..count * dim).map(|_| numbers.next() as i8).collect();
                    let mut found = vec![0; asked * count];
                    (form.integer_block)(&queries, &rows, dim, &mut found);
                    let mut expected = vec![0; asked * count];
                    if count > 0 {
                        let pairs = queries.chunks(dim).zip(expected.chunks_mut(count));
                        pairs.for_each(|(query, out)| (form.integers)(query, &rows, out));
                    }
                    if found != expected {
                        wrong.push(format!("{} {asked} of {dim} with {count}", form.level));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
