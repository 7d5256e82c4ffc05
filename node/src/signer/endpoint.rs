//! Where other nodes and users reach a signer: `host:port`.

use signing_primitives::Endpoint;
use std::{fmt, net::IpAddr, str::FromStr};

/// A host and a port that a signer may announce on chain. It fits the pallet's bound.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicEndpoint {
    host: String,
    port: u16,
}

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EndpointError {
    /// There is no port, or it is no number from 1 to 65535.
    #[error("it must end in a colon and a port from 1 to 65535")]
    Port,
    /// The host has other characters than a host name or an address has.
    #[error("the host must be a name, an IPv4 address, or an IPv6 address in brackets")]
    Host,
    /// It does not fit into the announcement on chain.
    #[error("it is longer than {} bytes", Endpoint::bound())]
    Length,
}

impl PublicEndpoint {
    /// Whether other machines cannot reach it: a loopback or unspecified address.
    pub(crate) fn is_local(&self) -> bool {
        if self.host.eq_ignore_ascii_case("localhost")
            || self.host.to_ascii_lowercase().ends_with(".localhost")
        {
            return true;
        }
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback() || address.is_unspecified()
            }
            Err(_) => false,
        }
    }
}

impl FromStr for PublicEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.len() > Endpoint::bound() {
            return Err(EndpointError::Length);
        }
        let (host, port) = text.rsplit_once(':').ok_or(EndpointError::Port)?;
        let port = match port.parse() {
            // `parse` would take a sign.
            Ok(number) if number != 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => number,
            _ => return Err(EndpointError::Port),
        };
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let valid = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
            }
        };
        if !valid {
            return Err(EndpointError::Host);
        }
        Ok(Self {
            host: host.into(),
            port,
        })
    }
}

impl fmt::Display for PublicEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
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
    fn takes_names_and_addresses() {
        for text in [
            "signer.example.org:9955",
            "203.0.113.7:80",
            "[2001:db8::1]:65535",
            "localhost:1",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_host_and_port() {
        assert_eq!(parse("signer.example.org"), Err(EndpointError::Port));
        assert_eq!(parse("host:"), Err(EndpointError::Port));
        assert_eq!(parse("host:0"), Err(EndpointError::Port));
        assert_eq!(parse("host:+80"), Err(EndpointError::Port));
        assert_eq!(parse("host:65536"), Err(EndpointError::Port));
        assert_eq!(parse(":80"), Err(EndpointError::Host));
        assert_eq!(parse("http://host:80"), Err(EndpointError::Host));
        assert_eq!(parse("ho st:80"), Err(EndpointError::Host));
        assert_eq!(parse("user@host:80"), Err(EndpointError::Host));
        assert_eq!(parse("2001:db8::1:80"), Err(EndpointError::Host));
        assert_eq!(parse("[localhost]:80"), Err(EndpointError::Host));
        assert_eq!(parse("hőst:80"), Err(EndpointError::Host));
    }

    #[test]
    fn fits_the_announcement_exactly() {
        let longest = format!("{}:80", "a".repeat(Endpoint::bound() - 3));
        assert!(parse(&longest).is_ok());
        assert_eq!(parse(&format!("a{longest}")), Err(EndpointError::Length));
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
