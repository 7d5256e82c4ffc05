//! Calls a program natively, in ordinary tests.
//!
//! The request goes through the ABI's encoding and back, as it does in the network.

use alloc::vec::Vec;

use crate::{Refusal, Request};

/// Builds a request and puts it to a program.
///
/// ```
/// use signing_program_sdk::{testing::TestRequest, Refusal, Request};
///
/// fn evaluate(request: &Request<'_>) -> Result<(), Refusal> {
///     match request.config == request.requester {
///         true => Ok(()),
///         false => Err("only the configured account may ask".into()),
///     }
/// }
///
/// let request = TestRequest::new(b"pay").config([1; 32]);
/// assert_eq!(request.clone().requester([1; 32]).evaluate(evaluate), Ok(()));
/// assert!(request.requester([2; 32]).evaluate(evaluate).is_err());
/// ```
#[derive(Clone, Debug, Default)]
pub struct TestRequest {
    requester: [u8; 32],
    message: Vec<u8>,
    config: Vec<u8>,
    auxiliary_data: Option<Vec<u8>>,
    oracle_data: Vec<Vec<u8>>,
}

impl TestRequest {
    /// A request to sign `message`: requester all zeros, empty configuration, no auxiliary data,
    /// no oracle data.
    pub fn new(message: impl AsRef<[u8]>) -> Self {
        Self {
            message: message.as_ref().to_vec(),
            ..Self::default()
        }
    }

    /// Asked by this account.
    pub fn requester(mut self, account: [u8; 32]) -> Self {
        self.requester = account;
        self
    }

    /// Of a registration with this configuration.
    pub fn config(mut self, config: impl AsRef<[u8]>) -> Self {
        self.config = config.as_ref().to_vec();
        self
    }

    /// With this auxiliary data.
    pub fn auxiliary_data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.auxiliary_data = Some(data.as_ref().to_vec());
        self
    }

    /// With one more oracle value.
    pub fn oracle_value(mut self, value: impl AsRef<[u8]>) -> Self {
        self.oracle_data.push(value.as_ref().to_vec());
        self
    }

    /// What the program answers.
    pub fn evaluate(
        &self,
        evaluate: fn(&Request<'_>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let input = self.encode();
        let request =
            Request::decode(&input).map_err(|_| Refusal::new("the request is malformed"))?;
        evaluate(&request)
    }

    /// The request as it is passed to the module.
    pub fn encode(&self) -> Vec<u8> {
        Request {
            requester: &self.requester,
            message: &self.message,
            config: &self.config,
            auxiliary_data: self.auxiliary_data.as_deref(),
            oracle_data: self.oracle_data.iter().map(Vec::as_slice).collect(),
        }
        .encode()
    }
}
