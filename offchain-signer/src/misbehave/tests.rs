//! That each way is what it says, and what honest nodes make of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod confirming;
mod crashing;
mod requests;
mod speaking;

use super::*;

/// A node that misbehaves in these ways.
fn conduct(ways: &[&str]) -> Conduct {
    let ways = ways.iter().map(|way| way.parse().unwrap()).collect();
    Conduct::new(ways, None, None)
}

#[test]
fn without_its_file_a_node_is_honest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("now");
    let ways = vec![Way::Garbage, Way::CutFrom(None)];
    let conduct = Conduct::new(ways, Some(file.clone()), None);
    let somebody = AccountId::new([1; 32]);
    for _ in 0..2 {
        assert!(!conduct.does(&Way::Garbage) && !conduct.is_cut_from(&somebody));
        std::fs::write(&file, b"").unwrap();
        assert!(conduct.does(&Way::Garbage) && conduct.is_cut_from(&somebody));
        assert!(!conduct.does(&Way::Replay));
        std::fs::remove_file(&file).unwrap();
    }
}
