//! Where other nodes and users reach a signer: `host:port`.

use signing_primitives::{is_plausible_endpoint, Endpoint};
use std::{fmt, net::IpAddr, str::FromStr};

/// A host and a port that a signer may announce on chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicEndpoint(String);

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EndpointError {
    /// The pallet would refuse it.
    #[error(
        "it must be a host and a port, as in signer.example.org:9955; the host is a name, an IPv4 \
         address, or an IPv6 address in brackets"
    )]
    NotHostAndPort,
    /// It does not fit into the announcement on chain.
    #[error("it is longer than {} bytes", Endpoint::bound())]
    Length,
}

impl PublicEndpoint {
    /// Whether other machines cannot reach it: a loopback or unspecified address.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.0.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback() || address.is_unspecified()
            }
            Err(_) => {
                let name = host.to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }
}

impl FromStr for PublicEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.len() > Endpoint::bound() {
            return Err(EndpointError::Length);
        }
        if !is_plausible_endpoint(text.as_bytes()) {
            return Err(EndpointError::NotHostAndPort);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for PublicEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn parse(text: &str) -> Result<PublicEndpoint, EndpointError> {
        text.parse()
    }

    #[test]
    fn takes_what_the_pallet_takes() {
        assert!(parse("signer.example.org:9955").is_ok());
        assert_eq!(parse("http://host:80"), Err(EndpointError::NotHostAndPort));
        let long = format!("{}:80", "a.".repeat(Endpoint::bound()));
        assert_eq!(parse(&long), Err(EndpointError::Length));
    }

    #[test]
    fn knows_what_others_cannot_reach() {
        for text in [
            "127.0.0.1:80",
            "127.8.9.1:80",
            "0.0.0.0:80",
            "LocalHost:80",
            "a.localhost:80",
            "[::1]:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(parse(text).unwrap().is_local(), "{text}");
        }
        for text in ["203.0.113.7:80", "[2001:db8::1]:80", "localhost.org:80"] {
            assert!(!parse(text).unwrap().is_local(), "{text}");
        }
    }
}
