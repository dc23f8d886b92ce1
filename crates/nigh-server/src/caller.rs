//! Who asks: what the key lets them do, and how often.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;

use crate::error::{ApiError, ApiResult};
use crate::keys::Access;

mod bucket;

pub(crate) use bucket::Bucket;

/// What comes with a key.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) access: Access,
    /// For the log.
    pub(crate) name: Option<String>,
    /// All where there are none.
    pub(crate) collections: Option<BTreeSet<String>>,
    pub(crate) bucket: Option<Bucket>,
}

/// Who asks. Every request that is let through has one, which handlers take as an argument.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Option<Arc<Rights>>);

impl Caller {
    /// Whoever asks a server without keys.
    pub(crate) fn anybody() -> Self {
        Self(None)
    }

    pub(crate) fn of(rights: Arc<Rights>) -> Self {
        Self(Some(rights))
    }

    pub(crate) fn access(&self) -> Access {
        self.0
            .as_ref()
            .map_or(Access::Write, |rights| rights.access)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_ref()?.name.as_deref()
    }

    /// Whether some collections are not for this caller.
    pub(crate) fn is_limited(&self) -> bool {
        self.limits().is_some()
    }

    pub(crate) fn may_see(&self, collection: &str) -> bool {
        let limits = self.limits();
        limits.is_none_or(|collections| collections.contains(collection))
    }

    /// Refuses what [`Caller::may_see`] refuses, whether there is such a collection or not.
    pub(crate) fn require(&self, collection: &str) -> ApiResult<()> {
        match self.may_see(collection) {
            true => Ok(()),
            false => Err(ApiError::other_collection()),
        }
    }

    /// Counts a request; refuses it where there were too many.
    pub(crate) fn take_turn(&self) -> ApiResult<()> {
        let bucket = self.0.as_ref().and_then(|rights| rights.bucket.as_ref());
        let Some(bucket) = bucket else { return Ok(()) };
        let later = |wait: std::time::Duration| ApiError::rate_limited(wait.as_secs().max(1));
        bucket.take(Instant::now()).map_err(later)
    }

    fn limits(&self) -> Option<&BTreeSet<String>> {
        self.0.as_ref()?.collections.as_ref()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| ApiError::internal("nobody was asked for a key"))
    }
}

/// The number or name of a request, as its reply and its line in the log have it.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

/// Who changes something, for the log of changes.
#[derive(Clone, Debug)]
pub(crate) struct By {
    /// The key's name, where it has one.
    pub(crate) key: Option<String>,
    pub(crate) request: String,
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = parts.extensions.get::<RequestId>();
        let request = id.and_then(|RequestId(id)| id.to_str().ok());
        Ok(By {
            key: caller.name().map(str::to_owned),
            request: request.unwrap_or_default().to_owned(),
        })
    }
}

/// Where it is kept who asked, for the log: known only after the key was looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Arc<OnceLock<Caller>>);

impl Asked {
    pub(crate) fn by(&self, caller: &Caller) {
        // A request has one key.
        let _ = self.0.set(caller.clone());
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.0.get()?.name()
    }
}
