//! Faults on the wire, by rule.

use crate::ids::Ids;
use evenkeel_core::operation::Operation;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `ThrottlingException`; nothing is done.
    Throttle,
    /// HTTP 500 `ServerException`; nothing is done.
    ServerError,
    /// HTTP 503 with a body that is not JSON, as a load balancer answers; nothing is done.
    Unavailable,
    /// `AccessDeniedException`; nothing is done.
    AccessDenied,
    /// An error of any code and message, HTTP 400; nothing is done.
    Error {
        /// Error code.
        code: String,
        /// Message.
        message: String,
    },
    /// The connection breaks before anything is done.
    Reset,
    /// No answer ever comes, and nothing is done.
    Timeout,
    /// The call is done, then the connection breaks: the caller cannot know.
    LostAnswer,
    /// The call is done, the answer is cut in half.
    Truncated,
    /// The call is done, the answer takes this much longer.
    Slow(Duration),
}

/// Which of the calls that a rule is about it strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// All of them.
    Always,
    /// Only the nth since the rule was added, counted from 1.
    Nth(u64),
    /// The first n since the rule was added.
    First(u64),
    /// Each with this probability, drawn from the seed.
    Probability(f64),
}

/// One fault rule. The first rule that strikes wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The operations it is about; empty for all.
    pub operations: Vec<Operation>,
    /// Which calls of those.
    pub when: When,
    /// What happens to them.
    pub fault: Fault,
}

impl Rule {
    /// A rule about one operation.
    pub fn new(operation: Operation, when: When, fault: Fault) -> Self {
        Self { operations: vec![operation], when, fault }
    }

    /// A rule about every operation.
    pub fn any(when: When, fault: Fault) -> Self {
        Self { operations: Vec::new(), when, fault }
    }
}

#[derive(Debug)]
pub(crate) struct Faults {
    /// Rules, each with the number of calls that it has seen.
    rules: Vec<(Rule, u64)>,
    dice: Ids,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), dice: Ids::labelled(seed, "faults") }
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push((rule, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault that strikes this call. Every rule counts the call, also behind one that strikes.
    pub(crate) fn strike(&mut self, operation: Operation) -> Option<Fault> {
        let mut struck = None;
        for (rule, seen) in &mut self.rules {
            if !rule.operations.is_empty() && !rule.operations.contains(&operation) {
                continue;
            }
            *seen += 1;
            let strikes = match rule.when {
                When::Always => true,
                When::Nth(n) => *seen == n,
                When::First(n) => *seen <= n,
                When::Probability(p) => self.dice.fraction() < p,
            };
            if strikes && struck.is_none() {
                struck = Some(rule.fault.clone());
            }
        }
        struck
    }
}
