use std::fs;
use std::path::Path;

use tokenizers::TruncationParams;

use super::error::TextError;
use super::settings::Settings;

/// Cuts texts into the numbers that a model reads.
pub(super) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    settings: Settings,
    filler: i64,
}

/// A text as the model reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tokens {
    /// With the fillers.
    pub(super) ids: Vec<i64>,
    /// How many are no fillers.
    pub(super) used: usize,
    /// How many there were before the end was cut off; `None` where nothing was.
    pub(super) cut_from: Option<usize>,
}

/// What families call the token that stands for nothing, where no file says it.
const FILLERS: [&str; 3] = ["<pad>", "[PAD]", "<|endoftext|>"];

impl Tokenizer {
    pub(super) fn open(path: &Path, settings: Settings) -> Result<Tokenizer, TextError> {
        let bytes = fs::read(path).map_err(|source| TextError::Read {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |error: tokenizers::Error| TextError::File {
            path: path.to_owned(),
            reason: format!("not a tokenizer, {error}"),
        };
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(wrong)?;
        let told = inner.get_padding().map(|padding| padding.pad_id);
        let filler = settings
            .filler
            .iter()
            .map(String::as_str)
            .find_map(|token| inner.token_to_id(token))
            .or(told)
            .or_else(|| FILLERS.iter().find_map(|token| inner.token_to_id(token)));
        // Filling is done here: what a file says about it is for another model's batches.
        inner.with_padding(None);
        let truncation = settings.longest.map(|max_length| TruncationParams {
            max_length,
            ..TruncationParams::default()
        });
        inner.with_truncation(truncation).map_err(wrong)?;
        Ok(Tokenizer {
            inner,
            settings,
            filler: i64::from(filler.unwrap_or(0)),
        })
    }

    pub(super) fn tokens(&self, text: &str) -> Result<Tokens, TextError> {
        let wrong = |error: tokenizers::Error| TextError::File {
            path: "tokenizer.json".into(),
            reason: format!("it cannot cut the text {text:?}, {error}"),
        };
        let lower = self.settings.lower_case.then(|| text.to_lowercase());
        let read = lower.as_deref().unwrap_or(text);
        let encoding = self.inner.encode(read, true).map_err(wrong)?;
        if encoding
            .get_special_tokens_mask()
            .iter()
            .all(|special| *special == 1)
        {
            return Err(TextError::NoTokens {
                text: text.to_owned(),
            });
        }
        let mut ids: Vec<i64> = encoding.get_ids().iter().map(|&id| i64::from(id)).collect();
        let used = ids.len();
        let cut_from = match self.settings.longest == Some(used) {
            true => Some(self.whole_length(read).map_err(wrong)?).filter(|whole| *whole > used),
            false => None,
        };
        if let Some(longest) = self.settings.longest.filter(|_| self.settings.fill) {
            ids.resize(longest, self.filler);
        }
        Ok(Tokens {
            ids,
            used,
            cut_from,
        })
    }

    /// The tokens of a text if it were not cut. Only asked for texts that may have been.
    fn whole_length(&self, text: &str) -> tokenizers::Result<usize> {
        let mut uncut = self.inner.clone();
        uncut.with_truncation(None)?;
        Ok(uncut.encode(text, true)?.len())
    }
}
