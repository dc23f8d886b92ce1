//! From what went wrong to a status, a stable code and a sentence: one exhaustive match for each kind of error.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use nigh_encode::{EncodeError, TextError};
use nigh_engine::network::{NetworkError, PeopleError};
use nigh_engine::pipeline::PipelineError;
use nigh_engine::{
    CombineError, EncoderError, FilterError, LiveError, OpenCatalogError, OpenWriterError,
    SearchError,
};
use nigh_store::{Misfit, OpenError, UpsertError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fetch::FetchError;

/// What every failed request answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The failure.
    pub(crate) error: ApiErrorBody,
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ApiErrorBody {
    /// For programs; does not change from version to version.
    #[schema(example = "unknown_item")]
    pub(crate) code: &'static str,
    /// For people.
    #[schema(example = "no item has the id \"1234\"")]
    pub(crate) message: String,
    /// The field of the request that is wrong, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
}

/// Why a request was not served.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    /// Seconds until another try makes sense, where there are too many.
    retry_after: u64,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl ToString) -> Self {
        Self {
            status,
            code,
            message: message.to_string(),
            field: None,
            retry_after: 1,
        }
    }

    pub(crate) fn bad(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn unprocessable(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn unauthorized(message: impl ToString) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "no_key", message)
    }

    pub(crate) fn forbidden(message: impl ToString) -> Self {
        Self::new(StatusCode::FORBIDDEN, "read_only_key", message)
    }

    pub(crate) fn busy(what: &str) -> Self {
        let message = format!("{what} is full: try again in a moment");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", message)
    }

    pub(crate) fn rate_limited(retry_after: u64) -> Self {
        let message = format!("this API key asks too often: try again in {retry_after} s");
        Self {
            retry_after,
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
        }
    }

    pub(crate) fn other_collection() -> Self {
        let message = "this API key is limited to other collections";
        Self::new(StatusCode::FORBIDDEN, "key_collections", message)
    }

    pub(crate) fn foreign(message: impl ToString) -> Self {
        Self::new(StatusCode::FORBIDDEN, "foreign_origin", message)
    }

    pub(crate) fn too_large(message: impl ToString) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(crate) fn media_type(message: impl ToString) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    pub(crate) fn unavailable(message: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    pub(crate) fn internal(message: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// What a method or path that does not exist answers.
    pub(crate) fn method() -> Self {
        let message = "this path does not take this method: see /v1/openapi.json";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", message)
    }

    pub(crate) fn timeout() -> Self {
        let message = "the request took longer than the server allows";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message)
    }

    pub(crate) fn slow_request() -> Self {
        let message = "the request did not arrive within the time that the server gives it (limits.request_seconds)";
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow_request", message)
    }

    pub(crate) fn field(mut self, field: impl ToString) -> Self {
        self.field = Some(field.to_string());
        self
    }

    /// After so many items were written: an error alone would hide them.
    pub(crate) fn after(mut self, written: usize) -> Self {
        if written > 0 {
            self.message = format!("{}; {written} items before it were written", self.message);
        }
        self
    }

    /// About a line that was read by itself: its number is told elsewhere.
    pub(crate) fn in_its_line(mut self) -> Self {
        self.message = self.message.replace(" at line 1 column ", " at column ");
        self
    }

    /// Whether a collection is being used.
    pub(crate) fn is_in_use(&self) -> bool {
        self.code == "in_use"
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What is answered; what is nigh's own fault is told to the operator as well.
    pub(crate) fn body(&self) -> ErrorBody {
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(message = self.message, "internal error");
        }
        ErrorBody {
            error: ApiErrorBody {
                code: self.code,
                message: self.message.clone(),
                field: self.field.clone(),
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, self.retry_after.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = header::HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

impl From<FetchError> for ApiError {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error {
            FetchError::Url => Self::bad("bad_url", message),
            FetchError::Host | FetchError::Address => {
                Self::new(StatusCode::FORBIDDEN, "url_not_allowed", message)
            }
            FetchError::Unknown
            | FetchError::Slow { .. }
            | FetchError::Large { .. }
            | FetchError::Status { .. }
            | FetchError::Redirects
            | FetchError::Tls
            | FetchError::Broken => Self::unprocessable("fetch_failed", message),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        let message = error.to_string();
        match error {
            SearchError::Query(_) => Self::bad("bad_vector", message),
            SearchError::Untuned(_) => Self::unprocessable("untuned", message),
            SearchError::UnknownAttribute { .. } => Self::bad("unknown_attribute", message),
            SearchError::UnknownId(_) => Self::not_found("unknown_item", message),
            SearchError::View(_) | SearchError::Store(_) => Self::internal(message),
        }
    }
}

impl From<LiveError> for ApiError {
    fn from(error: LiveError) -> Self {
        let message = error.to_string();
        match error {
            LiveError::Open(error) => error.into(),
            LiveError::Upsert(UpsertError::Item(_)) => Self::bad("bad_item", message),
            LiveError::Attribute(misfit) => misfit.into(),
            LiveError::ChangedMeanwhile { .. } => Self::conflict("changed_meanwhile", message),
            LiveError::NoPicture { .. } => Self::unprocessable("no_picture", message),
            LiveError::TooManyPictures { .. } => Self::unprocessable("too_many_pictures", message),
            LiveError::Picture { .. } => Self::unprocessable("bad_picture", message),
            LiveError::Upsert(UpsertError::Write(_))
            | LiveError::Write(_)
            | LiveError::Read(_)
            | LiveError::Tail(_)
            | LiveError::Publish(_) => Self::internal(message),
            LiveError::Pipeline(error) => error.into(),
            LiveError::Keep(_) => Self::internal(message),
            LiveError::Poisoned => Self::unavailable(message),
        }
    }
}

impl From<Misfit> for ApiError {
    fn from(misfit: Misfit) -> Self {
        let field = format!("attributes.{}", misfit.name);
        Self::bad("bad_attribute", misfit).field(field)
    }
}

impl From<PipelineError> for ApiError {
    fn from(error: PipelineError) -> Self {
        let field = format!("pipeline.{}", error.field());
        let code = match &error {
            PipelineError::Filter { .. } => "bad_filter",
            PipelineError::Attribute { .. } => "unknown_attribute",
            PipelineError::Range { .. } => "out_of_range",
            PipelineError::Untuned { .. } => {
                return Self::unprocessable("untuned", error).field(field);
            }
        };
        Self::bad(code, error).field(field)
    }
}

impl From<OpenCatalogError> for ApiError {
    fn from(error: OpenCatalogError) -> Self {
        let message = error.to_string();
        match error {
            OpenCatalogError::Store(error) => error.into(),
            OpenCatalogError::NothingPublished { .. } => Self::unavailable(message),
            OpenCatalogError::Read(_)
            | OpenCatalogError::Encoder(_)
            | OpenCatalogError::Tail(_)
            | OpenCatalogError::Reduction(_) => Self::internal(message),
        }
    }
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        match error {
            OpenError::HeldByWriter { .. } | OpenError::HeldByReaders { .. } => {
                Self::conflict("in_use", message)
            }
            OpenError::NotACollection { .. }
            | OpenError::AlreadyExists { .. }
            | OpenError::WrongKind { .. }
            | OpenError::Newer { .. }
            | OpenError::ReadOnly { .. }
            | OpenError::NeedsRepair { .. }
            | OpenError::NoSpace { .. }
            | OpenError::Damaged { .. }
            | OpenError::Io { .. } => Self::internal(message),
        }
    }
}

impl From<OpenWriterError> for ApiError {
    fn from(error: OpenWriterError) -> Self {
        let message = error.to_string();
        match error {
            OpenWriterError::Store(error) => error.into(),
            OpenWriterError::Encoder(error) => Self::from(error).field("encoder"),
            OpenWriterError::File { .. } => Self::conflict("exists", message),
            OpenWriterError::Precision { .. } => Self::conflict("precision", message),
            OpenWriterError::Record(_) => Self::internal(message),
        }
    }
}

impl From<EncoderError> for ApiError {
    fn from(error: EncoderError) -> Self {
        let message = error.to_string();
        match error {
            EncoderError::NoWords { .. } => Self::unprocessable("no_words", message),
            EncoderError::Unknown { .. } | EncoderError::Overrides(_) => {
                Self::unprocessable("unknown_encoder", message)
            }
            EncoderError::Open { .. }
            | EncoderError::Record(_)
            | EncoderError::Text(_)
            | EncoderError::Mismatch { .. } => Self::unavailable(message),
        }
    }
}

impl From<EncodeError> for ApiError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Picture { .. } => Self::unprocessable("bad_picture", error),
            EncodeError::Run { .. } | EncodeError::Shape { .. } | EncodeError::NotFinite { .. } => {
                Self::unavailable(error)
            }
        }
    }
}

impl From<TextError> for ApiError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::NoTokens { .. } => Self::unprocessable("bad_text", error),
            TextError::NoModel { .. }
            | TextError::NoTokenizer { .. }
            | TextError::Read { .. }
            | TextError::File { .. }
            | TextError::Model(_)
            | TextError::NotATextModel { .. }
            | TextError::NoLength { .. }
            | TextError::Dimension { .. }
            | TextError::Run { .. } => Self::unavailable(error),
        }
    }
}

impl From<CombineError> for ApiError {
    fn from(error: CombineError) -> Self {
        match error {
            CombineError::Cancelled => Self::unprocessable("empty_query", error),
            CombineError::Dimensions { .. } => Self::bad("bad_vector", error),
        }
    }
}

impl From<Box<FilterError>> for ApiError {
    fn from(error: Box<FilterError>) -> Self {
        Self::bad("bad_filter", error).field("where")
    }
}

impl From<NetworkError> for ApiError {
    fn from(error: NetworkError) -> Self {
        let message = error.to_string();
        match error {
            NetworkError::People(error) => error.into(),
            NetworkError::Open(error) => error.into(),
            NetworkError::File { .. } => Self::conflict("in_use", message),
            NetworkError::Memory { .. } => Self::unavailable(message),
            NetworkError::Training { .. } | NetworkError::ErasedMeanwhile => {
                Self::conflict("training", message)
            }
            NetworkError::Untimed | NetworkError::Share { .. } => {
                Self::unprocessable("held_out", message)
            }
            NetworkError::Read(_)
            | NetworkError::Write(_)
            | NetworkError::Rewrite(_)
            | NetworkError::WriteGraph(_)
            | NetworkError::OpenGraph(_)
            | NetworkError::Io { .. }
            | NetworkError::Edges(_)
            | NetworkError::Links(_)
            | NetworkError::Index(_) => Self::internal(message),
        }
    }
}

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        let message = error.to_string();
        match error {
            PeopleError::Unknown { .. } => Self::not_found("unknown_person", message),
            PeopleError::Length { .. }
            | PeopleError::Same { .. }
            | PeopleError::LateTime { .. }
            | PeopleError::NegativeTime { .. }
            | PeopleError::Weight { .. } => Self::bad("bad_edge", message),
            PeopleError::TooMany { .. } => Self::unprocessable("too_many_people", message),
        }
    }
}
