//! Stock kubectl of several minor versions against the running program: what people type, what they read, and the exit
//! codes that scripts see. `tests/setup/kube.sh` installs them.

mod commands;
mod fixture;
mod matrix;
