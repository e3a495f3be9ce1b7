//! Real kernels: what is inferred from packets against what socket tables and system calls said at the time.

mod agreement;
mod calls;
mod found;
mod joined;
mod logged;
mod plain;
mod resets;
mod scene;
mod translated;
