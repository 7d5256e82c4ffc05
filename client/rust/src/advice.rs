//! What to do about the API's refusals.

/// Advice for a code of the signer's API, where there is any.
pub(crate) fn advice(_code: &str) -> Option<&'static str> {
    None
}
