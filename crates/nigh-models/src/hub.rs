//! Models from the Hugging Face hub, or from a mirror of it.

mod client;
mod download;
mod error;
mod listing;
mod pull;
mod select;
mod settings;
mod staging;

pub use client::Hub;
pub use error::HubError;
pub use pull::{PullEvent, PullRequest, Pulled, pull};
pub use settings::HubSettings;
