//! The words that a sidecar chooses from.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A word that none of the choices is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{received:?} is not one of {choices}")]
pub struct UnknownChoice {
    received: String,
    choices: &'static str,
}

impl UnknownChoice {
    pub(super) fn new(received: &str, choices: &'static str) -> UnknownChoice {
        UnknownChoice {
            received: received.to_owned(),
            choices,
        }
    }
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The words of all choices, comma-separated.
            pub const WORDS: &str = concat!($("\"", $word, "\" "),+).trim_ascii_end();
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($name::$variant => $word),+ })
            }
        }

        impl FromStr for $name {
            type Err = UnknownChoice;

            fn from_str(word: &str) -> Result<$name, UnknownChoice> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err(UnknownChoice::new(word, $name::WORDS)),
                }
            }
        }
    };
}

choices! {
    /// How a picture of any shape becomes one of the model's.
    Resize {
        /// Each side is scaled by itself; nothing is lost, proportions are.
        Stretch = "stretch",
        /// The shorter side is scaled to `shorter_side`, then the centre is cut out.
        Crop = "crop",
        /// The whole picture is fitted in, centred on `background`.
        Pad = "pad"
    }
}

choices! {
    /// The resampling filter; all but `nearest` widen when shrinking (antialiasing), as Pillow's do.
    Filter {
        /// One source pixel for each of the result.
        Nearest = "nearest",
        /// The mean of the area.
        Box = "box",
        /// A triangle of radius 1.
        Bilinear = "bilinear",
        /// Keys' cubic with a = -0.5, radius 2.
        Bicubic = "bicubic",
        /// A windowed sinc of radius 3.
        Lanczos = "lanczos"
    }
}

choices! {
    /// The order of the colour channels that the model was trained on.
    Channels {
        /// Red, green, blue.
        Rgb = "rgb",
        /// Blue, green, red, as Caffe and OpenCV have it.
        Bgr = "bgr"
    }
}

choices! {
    /// The order of the input tensor's axes.
    Layout {
        /// Batch, channel, row, column: PyTorch's.
        Nchw = "nchw",
        /// Batch, row, column, channel: TensorFlow's.
        Nhwc = "nhwc"
    }
}

choices! {
    /// What becomes of the output's inner axes.
    Pool {
        /// There are none, or they have length 1.
        None = "none",
        /// The mean over positions: of a map's rows and columns, or of a transformer's tokens.
        Mean = "mean",
        /// The first token of a transformer's sequence.
        First = "first"
    }
}
