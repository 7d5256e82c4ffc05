//! Why a program says no.

use alloc::{borrow::Cow, string::String};
use core::fmt;

/// Why a program says no: a text for the requester. Signers cut it at 512 bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal(Cow<'static, str>);

impl Refusal {
    /// A refusal with this text.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Refusal {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Refusal {}

/// Returns with a [`Refusal`] unless the condition holds.
///
/// ```
/// # use signing_program_sdk::{ensure, Refusal, Request};
/// fn evaluate(request: &Request<'_>) -> Result<(), Refusal> {
///     ensure!(!request.message.is_empty(), "there is nothing to sign");
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $refusal:expr $(,)?) => {
        if !$condition {
            return ::core::result::Result::Err(::core::convert::From::from($refusal));
        }
    };
}
