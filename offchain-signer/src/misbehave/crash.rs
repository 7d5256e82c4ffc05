//! The process ends, at a place of one's choice, without any of what it does when it is told to end.

use super::{Conduct, Way};
use crate::conduct::Step;
use core::{fmt, str::FromStr};
use std::{fs::File, path::Path};

/// Just before a step or just after it. What the step does is not done at all before, and lasts after.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CrashPoint {
    after: bool,
    step: Step,
}

const STEPS: [(Step, &str); 9] = [
    (Step::StoreShare, "storing-share"),
    (Step::PromoteShare, "promoting-share"),
    (Step::EraseShares, "erasing-shares"),
    (Step::DiscardShares, "discarding-shares"),
    (Step::StoreAuxInfo, "storing-aux-info"),
    (Step::EraseAuxInfo, "erasing-aux-info"),
    (Step::ConfirmKeygen, "confirming-keygen"),
    (Step::ConfirmReshare, "confirming-reshare"),
    (Step::ConfirmAuxInfo, "confirming-aux-info"),
];

impl CrashPoint {
    /// Before the step.
    pub const fn before(step: Step) -> Self {
        Self { after: false, step }
    }

    /// After the step.
    pub const fn after(step: Step) -> Self {
        Self { after: true, step }
    }

    /// All that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        STEPS
            .into_iter()
            .flat_map(|(step, _)| [Self::before(step), Self::after(step)])
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = STEPS.iter().find(|(step, _)| *step == self.step);
        let moment = if self.after { "after" } else { "before" };
        write!(f, "{moment}-{}", name.map_or("", |(_, name)| name))
    }
}

impl FromStr for CrashPoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::all()
            .find(|point| point.to_string() == text)
            .ok_or(())
    }
}

/// Crashes here, if the node is to.
pub(super) fn reach(conduct: &Conduct, point: &CrashPoint) {
    if conduct.does(&Way::CrashAt(*point)) {
        crash(conduct, &format!("at-{point}"));
    }
}

/// Ends the process, as a power cut would end it; once at each place.
pub(super) fn crash(conduct: &Conduct, place: &str) {
    if let Some(folder) = &conduct.0.marks {
        // Without the mark the node would crash here each time it is started.
        if !mark(folder, place) {
            return;
        }
    }
    eprintln!("misbehaving: crashes {place}");
    std::process::abort();
}

/// Whether the mark was not there before.
fn mark(folder: &Path, place: &str) -> bool {
    let made = std::fs::create_dir_all(folder)
        .and_then(|()| File::create_new(folder.join(format!("crashed-{place}"))));
    made.is_ok_and(|file| file.sync_all().is_ok())
}
