use crate::near;

/// A model that is published in ONNX form, with what one wants to know before pulling it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownModel {
    /// How it is called here, and its folder.
    pub name: &'static str,
    /// What its makers call it.
    pub title: &'static str,
    /// Whom or what it suits.
    pub purpose: &'static str,
    /// Where it is published on the hub: `owner/repo`.
    pub repo: &'static str,
    /// The image model in it.
    pub image_model: &'static str,
    /// The model of texts in the same space, where there is one.
    pub text_model: Option<&'static str>,
    /// Numbers in one embedding.
    pub dimension: usize,
    /// Height and width of its input in pixels.
    pub input: [usize; 2],
    /// Parameters of the image model, in millions.
    pub million_parameters: f64,
    /// The licence of the weights, as their makers state it.
    pub licence: &'static str,
}

impl KnownModel {
    /// Bytes of the image model's weights in f32: about what is downloaded for images.
    #[must_use]
    pub fn weight_bytes(&self) -> u64 {
        (self.million_parameters * 4e6) as u64
    }
}

/// Every known model, smaller ones first within a family.
#[must_use]
pub fn known() -> &'static [KnownModel] {
    &KNOWN
}

/// The known model of a name.
#[must_use]
pub fn known_model(name: &str) -> Option<&'static KnownModel> {
    KNOWN.iter().find(|model| model.name == name)
}

/// Names, of known models or of others that are `here`, that `name` may be a misspelling of;
/// nearest first.
#[must_use]
pub fn near_names<'a>(name: &str, here: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let known = KNOWN.iter().map(|model| model.name);
    let others = here.filter(|name| known_model(name).is_none());
    near::nearest(name, known.chain(others))
}

// Parameters were counted on the architectures (image side with its projection), but for MobileCLIP's, which are
// its paper's. Licences are those of the weights' makers: an export's card often has none.

const SIDES: [&str; 2] = ["onnx/vision_model.onnx", "onnx/text_model.onnx"];
const ONLY: &str = "onnx/model.onnx";

/// OpenAI's cards name no licence; the repository that released the weights does.
const CLIP_LICENCE: &str = "MIT";
const APPLE_LICENCE: &str = "Apple's own (research): read it before any other use";

static KNOWN: [KnownModel; 10] = [
    KnownModel {
        name: "resnet-50",
        title: "ResNet-50",
        purpose: "a convolutional network trained to classify: the classic to compare with",
        repo: "Xenova/resnet-50",
        image_model: ONLY,
        text_model: None,
        dimension: 2048,
        input: [224, 224],
        million_parameters: 25.6,
        licence: "Apache-2.0",
    },
    KnownModel {
        name: "mobileclip-s0",
        title: "MobileCLIP-S0",
        purpose: "images and words, small enough for a phone",
        repo: "Xenova/mobileclip_s0",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 512,
        input: [256, 256],
        million_parameters: 11.4,
        licence: APPLE_LICENCE,
    },
    KnownModel {
        name: "mobileclip-s2",
        title: "MobileCLIP-S2",
        purpose: "images and words, better and three times as large as S0",
        repo: "Xenova/mobileclip_s2",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 512,
        input: [256, 256],
        million_parameters: 35.7,
        licence: APPLE_LICENCE,
    },
    KnownModel {
        name: "clip-vit-b-32",
        title: "CLIP ViT-B/32",
        purpose: "images and words: the usual start",
        repo: "Xenova/clip-vit-base-patch32",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 512,
        input: [224, 224],
        million_parameters: 87.8,
        licence: CLIP_LICENCE,
    },
    KnownModel {
        name: "clip-vit-b-16",
        title: "CLIP ViT-B/16",
        purpose: "images and words, finer patches: better and slower than B/32",
        repo: "Xenova/clip-vit-base-patch16",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 512,
        input: [224, 224],
        million_parameters: 86.2,
        licence: CLIP_LICENCE,
    },
    KnownModel {
        name: "clip-vit-l-14",
        title: "CLIP ViT-L/14",
        purpose: "images and words, large",
        repo: "Xenova/clip-vit-large-patch14",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 768,
        input: [224, 224],
        million_parameters: 304.0,
        licence: CLIP_LICENCE,
    },
    KnownModel {
        name: "clip-vit-l-14-336",
        title: "CLIP ViT-L/14@336",
        purpose: "images and words, large and on larger pictures: the top of the ladder, and its slowest",
        repo: "Xenova/clip-vit-large-patch14-336",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 768,
        input: [336, 336],
        million_parameters: 304.3,
        licence: CLIP_LICENCE,
    },
    KnownModel {
        name: "siglip2-base-224",
        title: "SigLIP 2 base, patch 16, 224",
        purpose: "images and words of many languages",
        repo: "onnx-community/siglip2-base-patch16-224-ONNX",
        image_model: SIDES[0],
        text_model: Some(SIDES[1]),
        dimension: 768,
        input: [224, 224],
        million_parameters: 92.9,
        licence: "Apache-2.0",
    },
    KnownModel {
        name: "dinov2-small",
        title: "DINOv2 small",
        purpose: "images alone, trained without words: what looks alike",
        repo: "Xenova/dinov2-small",
        image_model: ONLY,
        text_model: None,
        dimension: 384,
        input: [224, 224],
        million_parameters: 22.1,
        licence: "Apache-2.0",
    },
    KnownModel {
        name: "dinov2-base",
        title: "DINOv2 base",
        purpose: "images alone, trained without words: better and slower than small",
        repo: "Xenova/dinov2-base",
        image_model: ONLY,
        text_model: None,
        dimension: 768,
        input: [224, 224],
        million_parameters: 86.6,
        licence: "Apache-2.0",
    },
];
