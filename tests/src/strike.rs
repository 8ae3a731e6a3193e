//! What goes wrong at one call of the controller, in a form that can be written down and played again.

use std::fmt;

use evenkeel_core::operation::Operation;
use evenkeel_sandbox::Fault;

use crate::wire::Call;

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Blow {
    /// The call fails, or its answer does not arrive.
    Fault(Fault),
    /// The controller dies before AWS gets the call.
    DieBefore,
    /// The controller dies once AWS has done it: at 0 with the answer on its way, else when everything that can run has
    /// run so many times more, which is at one await or another of what follows.
    DieAfter(u32),
}

/// A blow at one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// Of this operation ...
    pub operation: Operation,
    /// ... the nth call, counted from 1.
    pub nth: usize,
    /// What happens at it.
    pub blow: Blow,
}

/// Faults by the names that scripts know them under.
const FAULTS: [(&str, Fault); 8] = [
    ("throttle", Fault::Throttle),
    ("server-error", Fault::ServerError),
    ("unavailable", Fault::Unavailable),
    ("access-denied", Fault::AccessDenied),
    ("reset", Fault::Reset),
    ("timeout", Fault::Timeout),
    ("lost-answer", Fault::LostAnswer),
    ("truncated", Fault::Truncated),
];

/// The fault of a name.
pub(crate) fn fault(name: &str) -> Option<Fault> {
    FAULTS.iter().find(|(known, _)| *known == name).map(|(_, fault)| fault.clone())
}

impl Strike {
    /// A blow at one of these calls.
    pub fn at(calls: &[Call], number: usize, blow: Blow) -> Self {
        let operation = calls[number].operation;
        let nth = calls[..=number].iter().filter(|call| call.operation == operation).count();
        Self { operation, nth, blow }
    }

    /// Reads `lost-answer UpdateService#2`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no strike: write one as in lost-answer UpdateService#2");
        let (blow, at) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let (name, nth) = at.split_once('#').ok_or_else(wrong)?;
        let operation = Operation::ALL.iter().copied().find(|known| known.name() == name).ok_or_else(wrong)?;
        let blow = match (blow, blow.strip_prefix("die-after:")) {
            ("die-before", _) => Blow::DieBefore,
            (_, Some(steps)) => Blow::DieAfter(steps.parse().map_err(|_| wrong())?),
            _ => Blow::Fault(fault(blow).ok_or_else(wrong)?),
        };
        Ok(Self { operation, nth: nth.parse().map_err(|_| wrong())?, blow })
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.blow {
            Blow::DieBefore => f.write_str("die-before")?,
            Blow::DieAfter(steps) => write!(f, "die-after:{steps}")?,
            Blow::Fault(fault) => {
                let known = FAULTS.iter().find(|(_, known)| known == fault);
                f.write_str(known.map_or("fault", |(name, _)| name))?;
            }
        }
        write!(f, " {}#{}", self.operation, self.nth)
    }
}
