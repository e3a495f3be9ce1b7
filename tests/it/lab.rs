//! Real kernels: what is inferred from packets against what socket tables and system calls said at the time.

mod agreement;
mod scene;
mod scripts;
