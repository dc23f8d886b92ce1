use thiserror::Error;

/// An image in memory: 8-bit sRGB, row-major from the top left, three bytes a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width × height × 3` bytes: red, green, blue of each pixel.
    pub rgb: Vec<u8>,
}

/// Why [`Picture::new`] refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PictureError {
    /// A picture has at least one pixel.
    #[error("a picture of {width} x {height} has no pixels")]
    NoPixels {
        /// Width received.
        width: u32,
        /// Height received.
        height: u32,
    },
    /// The byte count does not match the size.
    #[error("a picture of {width} x {height} needs {expected} bytes of RGB, received {received}")]
    WrongLength {
        /// Width received.
        width: u32,
        /// Height received.
        height: u32,
        /// `width × height × 3`.
        expected: u64,
        /// Bytes received.
        received: usize,
    },
}

impl Picture {
    /// Wraps RGB bytes after checking that they fill `width × height` pixels.
    ///
    /// # Errors
    /// [`PictureError`] for a side of zero or a wrong number of bytes.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Picture, PictureError> {
        let picture = Picture { width, height, rgb };
        picture.check()?;
        Ok(picture)
    }

    /// Checks what [`Picture::new`] checks; the fields are public, so encoders ask again.
    ///
    /// # Errors
    /// [`PictureError`] for a side of zero or a wrong number of bytes.
    pub fn check(&self) -> Result<(), PictureError> {
        let (width, height) = (self.width, self.height);
        if width == 0 || height == 0 {
            return Err(PictureError::NoPixels { width, height });
        }
        let expected = u64::from(width) * u64::from(height) * 3;
        let received = self.rgb.len();
        if received as u64 != expected {
            return Err(PictureError::WrongLength {
                width,
                height,
                expected,
                received,
            });
        }
        Ok(())
    }
}
