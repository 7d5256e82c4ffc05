//! What a signer's endpoint may look like.

/// The longest DNS name, RFC 1035.
const MAX_HOST: usize = 253;

/// Whether `endpoint` can be a `host:port`.
///
/// The host is a DNS name, an IPv4 address, or an IPv6 address in square brackets; the port is
/// decimal, from 1 to 65535. No name is looked up and no address is parsed to the end: this keeps
/// nonsense off the chain, and control characters and paths out of the URLs that are made of it.
pub fn is_plausible_endpoint(endpoint: &[u8]) -> bool {
    let mut parts = endpoint.rsplitn(2, |byte| *byte == b':');
    match (parts.next(), parts.next()) {
        (Some(port), Some(host)) => is_port(port) && (is_name(host) || is_bracketed(host)),
        _ => false,
    }
}

fn is_port(port: &[u8]) -> bool {
    // `u16::from_str` takes a leading `+`, so the digits are looked at as well.
    port.iter().all(u8::is_ascii_digit)
        && core::str::from_utf8(port)
            .ok()
            .and_then(|port| port.parse::<u16>().ok())
            .is_some_and(|port| port > 0)
}

fn is_name(host: &[u8]) -> bool {
    !host.is_empty()
        && host.len() <= MAX_HOST
        && host.split(|byte| *byte == b'.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

fn is_bracketed(host: &[u8]) -> bool {
    host.strip_prefix(b"[")
        .and_then(|host| host.strip_suffix(b"]"))
        .is_some_and(|address| {
            core::str::from_utf8(address)
                .is_ok_and(|address| address.parse::<core::net::Ipv6Addr>().is_ok())
        })
}

#[cfg(test)]
mod tests {
    use super::is_plausible_endpoint;

    #[test]
    fn hosts_with_ports_are_plausible() {
        for endpoint in [
            "127.0.0.1:3001",
            "localhost:1",
            "signer-1.example.org:65535",
            "signer_1:80",
            "[::1]:3001",
            "[2001:db8::7]:443",
        ] {
            assert!(is_plausible_endpoint(endpoint.as_bytes()), "{endpoint}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for endpoint in [
            "",
            ":",
            ":3001",
            "localhost",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+1",
            "localhost:1a",
            "http://localhost:80",
            "localhost:80/path",
            "user@localhost:80",
            "local host:80",
            "local\nhost:80",
            "a..b:80",
            ".a:80",
            "::1:80",
            "[::1:80",
            "[]:80",
            "[::g]:80",
            "[localhost]:80",
        ] {
            assert!(!is_plausible_endpoint(endpoint.as_bytes()), "{endpoint}");
        }
        assert!(!is_plausible_endpoint(b"\xff\xfe:80"));
        assert!(!is_plausible_endpoint("höst:80".as_bytes()));
        let long = [&[b'a'; 64][..], b":80"].concat();
        assert!(!is_plausible_endpoint(&long));
    }
}
