//! Parties, frames, transports and the mesh between parties: bytes, not shares
