//! The range: every category with its styles, patterns, materials, sizes and prices.

/// One kind of product.
#[derive(Debug)]
pub(crate) struct Category {
    /// The category attribute's value, and the start of the ids.
    pub(crate) name: &'static str,
    /// The kinds within it, each drawn its own way.
    pub(crate) styles: &'static [&'static str],
    /// The patterns that suit it, besides plain.
    pub(crate) patterns: &'static [&'static str],
    /// What it may be made of.
    pub(crate) materials: &'static [&'static str],
    /// The sizes it comes in; empty for one size.
    pub(crate) sizes: &'static [&'static str],
    /// The lowest and highest price.
    pub(crate) euros: (u32, u32),
}

const CLOTH: &[&str] = &[
    "striped",
    "dotted",
    "checked",
    "floral",
    "zigzag",
    "ombre",
    "colour-block",
];
const BOLD: &[&str] = &["striped", "checked", "colour-block", "ombre"];
const PRINTS: &[&str] = &["striped", "dotted", "floral", "checked", "zigzag"];
const CALM: &[&str] = &["ombre", "colour-block"];
const LETTERS: &[&str] = &["XS", "S", "M", "L", "XL"];
const FEET: &[&str] = &["36", "37", "38", "39", "40", "41", "42", "43", "44"];
const VOLUMES: &[&str] = &["small", "medium", "large"];

/// Every category, in the order in which the catalog goes round.
pub(crate) static RANGE: [Category; 18] = [
    Category {
        name: "shirt",
        styles: &["t-shirt", "v-neck shirt", "polo shirt", "pocket shirt"],
        patterns: CLOTH,
        materials: &["cotton", "linen", "jersey"],
        sizes: LETTERS,
        euros: (12, 60),
    },
    Category {
        name: "sneaker",
        styles: &["runner", "high-top", "slip-on"],
        patterns: BOLD,
        materials: &["canvas", "leather", "mesh"],
        sizes: FEET,
        euros: (39, 150),
    },
    Category {
        name: "handbag",
        styles: &["tote", "satchel", "bucket bag"],
        patterns: BOLD,
        materials: &["leather", "canvas", "suede"],
        sizes: VOLUMES,
        euros: (35, 260),
    },
    Category {
        name: "lamp",
        styles: &["table lamp", "desk lamp", "floor lamp"],
        patterns: PRINTS,
        materials: &["linen", "paper", "ceramic"],
        sizes: &[],
        euros: (29, 190),
    },
    Category {
        name: "dress",
        styles: &["sundress", "shirt dress", "maxi dress"],
        patterns: CLOTH,
        materials: &["cotton", "viscose", "silk"],
        sizes: LETTERS,
        euros: (30, 180),
    },
    Category {
        name: "watch",
        styles: &["dress watch", "diver watch", "square watch"],
        patterns: &["striped", "colour-block"],
        materials: &["steel", "brass", "titanium"],
        sizes: &[],
        euros: (49, 400),
    },
    Category {
        name: "mug",
        styles: &["mug", "teacup", "camping mug"],
        patterns: CLOTH,
        materials: &["stoneware", "porcelain", "enamel"],
        sizes: &["250 ml", "350 ml", "450 ml"],
        euros: (6, 30),
    },
    Category {
        name: "sweater",
        styles: &["crew-neck sweater", "turtleneck", "cardigan", "hoodie"],
        patterns: CLOTH,
        materials: &["wool", "cotton", "cashmere"],
        sizes: LETTERS,
        euros: (29, 160),
    },
    Category {
        name: "chair",
        styles: &["dining chair", "armchair", "stool"],
        patterns: PRINTS,
        materials: &["oak", "walnut", "beech"],
        sizes: &[],
        euros: (59, 420),
    },
    Category {
        name: "boot",
        styles: &["chelsea boot", "lace-up boot", "rain boot"],
        patterns: CALM,
        materials: &["leather", "suede", "rubber"],
        sizes: FEET,
        euros: (55, 240),
    },
    Category {
        name: "umbrella",
        styles: &["umbrella", "folded umbrella"],
        patterns: CLOTH,
        materials: &["polyester", "pongee"],
        sizes: &[],
        euros: (12, 70),
    },
    Category {
        name: "trousers",
        styles: &["straight trousers", "wide trousers", "shorts"],
        patterns: &["striped", "checked", "ombre", "dotted"],
        materials: &["denim", "cotton", "corduroy"],
        sizes: LETTERS,
        euros: (25, 130),
    },
    Category {
        name: "backpack",
        styles: &["day pack", "rolltop", "school bag"],
        patterns: BOLD,
        materials: &["canvas", "nylon", "leather"],
        sizes: VOLUMES,
        euros: (30, 180),
    },
    Category {
        name: "sunglasses",
        styles: &[
            "round sunglasses",
            "square sunglasses",
            "cat-eye sunglasses",
        ],
        patterns: &["ombre", "tortoise"],
        materials: &["acetate", "metal"],
        sizes: &[],
        euros: (15, 190),
    },
    Category {
        name: "hat",
        styles: &["cap", "beanie", "bucket hat", "sun hat"],
        patterns: CLOTH,
        materials: &["cotton", "wool", "straw"],
        sizes: &["S", "M", "L"],
        euros: (12, 70),
    },
    Category {
        name: "cushion",
        styles: &["square cushion", "round cushion", "bolster"],
        patterns: CLOTH,
        materials: &["linen", "velvet", "cotton"],
        sizes: &[],
        euros: (12, 60),
    },
    Category {
        name: "heel",
        styles: &["pump", "ankle-strap heel", "block heel"],
        patterns: CALM,
        materials: &["leather", "suede", "satin"],
        sizes: FEET,
        euros: (45, 220),
    },
    Category {
        name: "skirt",
        styles: &["a-line skirt", "pleated skirt", "pencil skirt"],
        patterns: CLOTH,
        materials: &["cotton", "wool", "viscose"],
        sizes: LETTERS,
        euros: (22, 110),
    },
];
