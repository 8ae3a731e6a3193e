//! Stock kubectl of several minor versions against the running program: what people type, what they read, and the exit
//! codes that scripts see. `tests/setup/kube.sh` installs them. And the kube crate, as people write controllers with it.

#![allow(clippy::unwrap_used)]

mod clients;
mod commands;
mod fixture;
mod hostile;
mod matrix;
mod schemas;
mod tokens;
