//! Colours: what each colour name looks like, and what goes well with it.

use tiny_skia::Color;

/// An opaque 8-bit sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb(u8, u8, u8);

/// The deep blue-violet that shadows lean towards, so that they never look sooty.
const DUSK: Rgb = Rgb::hex(0x1B_1C32);
/// White as it lies on a photographed object.
pub(super) const WHITE: Rgb = Rgb::hex(0xFF_FDFA);
/// Ink for small dark details.
pub(super) const INK: Rgb = Rgb::hex(0x2A_2A35);
/// Polished metal.
pub(super) const SILVER: Rgb = Rgb::hex(0xC3_C8CF);
/// Brass fittings.
pub(super) const BRASS: Rgb = Rgb::hex(0xD2_A75C);
/// Rubber, rope, undyed cotton.
pub(super) const CREAM: Rgb = Rgb::hex(0xF3_EBDD);
/// Saddle leather.
pub(super) const LEATHER: Rgb = Rgb::hex(0x9C_6740);
/// Light oak.
pub(super) const OAK: Rgb = Rgb::hex(0xCC_A273);
/// Dark walnut.
pub(super) const WALNUT: Rgb = Rgb::hex(0x6F_4A33);

impl Rgb {
    /// From `0xRRGGBB`.
    pub(super) const fn hex(value: u32) -> Self {
        Self((value >> 16) as u8, (value >> 8) as u8, value as u8)
    }

    /// `share` of the way from this colour to `other`.
    pub(super) fn mix(self, other: Self, share: f32) -> Self {
        let blend = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share) as u8;
        Self(
            blend(self.0, other.0),
            blend(self.1, other.1),
            blend(self.2, other.2),
        )
    }

    /// Nearer to white.
    pub(super) fn lighter(self, share: f32) -> Self {
        self.mix(WHITE, share)
    }

    /// Nearer to its own shadow.
    pub(super) fn darker(self, share: f32) -> Self {
        self.mix(self.shade(), share)
    }

    /// The colour of this colour's deepest shadow: darker, a little cooler, never black.
    pub(super) fn shade(self) -> Self {
        let deep = Self(scale(self.0, 96), scale(self.1, 88), scale(self.2, 104));
        deep.mix(DUSK, 0.45)
    }

    /// Perceived brightness, 0 to 255 (Rec. 601 weights).
    pub(super) fn luma(self) -> u32 {
        (299 * u32::from(self.0) + 587 * u32::from(self.1) + 114 * u32::from(self.2)) / 1000
    }

    /// Red, green and blue.
    pub(super) fn channels(self) -> [u8; 3] {
        [self.0, self.1, self.2]
    }

    /// As the rasteriser's colour, `alpha` from 0 to 1.
    pub(super) fn color(self, alpha: f32) -> Color {
        let mut color = Color::from_rgba8(self.0, self.1, self.2, 255);
        color.set_alpha(alpha);
        color
    }
}

fn scale(channel: u8, of_256: u16) -> u8 {
    (u16::from(channel) * of_256 / 256) as u8
}

/// One named colour.
pub(super) struct Hue {
    /// The colour attribute's value.
    pub(super) name: &'static str,
    /// Tints that all go by that name.
    pub(super) tints: [Rgb; 3],
    /// Companions for patterns and trims, each a main and a minor one.
    pub(super) companions: [[Rgb; 2]; 3],
}

const fn hue(name: &'static str, tints: [u32; 3], companions: [[u32; 2]; 3]) -> Hue {
    let [a, b, c] = tints;
    let [[d, e], [f, g], [h, i]] = companions;
    Hue {
        name,
        tints: [Rgb::hex(a), Rgb::hex(b), Rgb::hex(c)],
        companions: [
            [Rgb::hex(d), Rgb::hex(e)],
            [Rgb::hex(f), Rgb::hex(g)],
            [Rgb::hex(h), Rgb::hex(i)],
        ],
    }
}

/// Every colour of the catalog.
#[rustfmt::skip]
pub(super) static HUES: [Hue; 16] = [
    hue("red", [0xCF4440, 0xC23A44, 0xDB5147],
        [[0xF7EADB, 0x2E3B5E], [0xF4B9AE, 0xFFF6EC], [0x33405F, 0xF3CE7A]]),
    hue("coral", [0xF0806A, 0xEE7763, 0xF48F79],
        [[0xFFF1E4, 0x2F6F73], [0xFAD1B8, 0xB8433F], [0x3E5A77, 0xFFE3C8]]),
    hue("orange", [0xE8883B, 0xE07C34, 0xF09748],
        [[0xFCEBD2, 0x77462B], [0x31616B, 0xFBE3BE], [0xFFD08A, 0x9C4A25]]),
    hue("yellow", [0xF0C445, 0xEBBA38, 0xF5CE5B],
        [[0xFFF8E3, 0x39434F], [0x3F5F7F, 0xFFF2CC], [0xE58D4C, 0xFFFBEF]]),
    hue("olive", [0x8C8C52, 0x7F8148, 0x99975B],
        [[0xEFE8CF, 0x4A4B2B], [0xD8B864, 0x42472E], [0xF2E3D0, 0xA6573C]]),
    hue("green", [0x4E9063, 0x43835A, 0x5F9E6F],
        [[0xF0F1DF, 0x24493A], [0xB7D8B4, 0x2B5C46], [0xF0C96E, 0xF6F3E2]]),
    hue("mint", [0xA3D5BF, 0x98CDB6, 0xB0DDC9],
        [[0xFBFBF3, 0x3E7F70], [0x5FA391, 0xFDF6E6], [0xF6B9A6, 0xFFFBF4]]),
    hue("teal", [0x2F8A8B, 0x277E82, 0x3C9896],
        [[0xE9F3EC, 0x174B54], [0xF2B880, 0xE8F2EE], [0x9FD2CB, 0x1A5159]]),
    hue("blue", [0x4B86C9, 0x417AC0, 0x5C95D4],
        [[0xF3F6F8, 0x22406E], [0xA9CDEC, 0x274B83], [0xF6D27F, 0xF5F7FA]]),
    hue("navy", [0x2D3F69, 0x28385F, 0x354977],
        [[0xF4EEE1, 0xC8504A], [0x8FA9D0, 0xEFF2F6], [0xE9BF6C, 0xF4EFE4]]),
    hue("purple", [0x7E5DA8, 0x73529E, 0x8B6BB4],
        [[0xF3ECF7, 0x3F2B61], [0xC9B2E2, 0x4A3370], [0xF0C7A0, 0xF7F0FA]]),
    hue("pink", [0xEFA0B4, 0xEB94AB, 0xF4AFBF],
        [[0xFFF5F3, 0xB24D6C], [0xC45F7E, 0xFFEFF0], [0x6E86B5, 0xFFF6F2]]),
    hue("brown", [0x8A5C3F, 0x7F5238, 0x966848],
        [[0xEFDFC8, 0x4B2E1F], [0xCB9E6E, 0x4E3122], [0x5E7F80, 0xF1E2CC]]),
    hue("beige", [0xDEC9A8, 0xD7C09C, 0xE4D2B6],
        [[0xFBF6EB, 0x8C6A48], [0xA8835B, 0xFAF3E5], [0x6B7F73, 0xFBF5E9]]),
    hue("grey", [0x9AA1A9, 0x8E959E, 0xA7ADB4],
        [[0xF2F3F3, 0x4D545D], [0x5B626C, 0xF0F1F2], [0xF0C75F, 0xF3F4F4]]),
    hue("black", [0x33343D, 0x2C2D36, 0x3B3C46],
        [[0xF3EFE7, 0xB9A27A], [0x8B8F9A, 0xE9E9EA], [0xD8605A, 0xF2EEE7]]),
];

/// White is kept apart: its tints need a studio a shade darker.
#[rustfmt::skip]
pub(super) static WHITE_HUE: Hue = hue("white", [0xF9F7F3, 0xF5F3EF, 0xFCFAF7],
    [[0x38507F, 0xC8504A], [0x97A6B5, 0x4D5B6B], [0xD9836F, 0x3F5D6E]]);

/// The hue called `name`; white for a name nobody knows.
pub(super) fn hue_named(name: &str) -> &'static Hue {
    HUES.iter()
        .find(|hue| hue.name == name)
        .unwrap_or(&WHITE_HUE)
}

/// The names of all colours, white last.
pub(super) fn hue_names() -> impl Iterator<Item = &'static str> {
    HUES.iter().map(|hue| hue.name).chain([WHITE_HUE.name])
}
