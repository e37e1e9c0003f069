//! The embedded language: secure_model, main, test, parties
