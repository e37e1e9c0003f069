//! Secret sharing, protocols, the round executor and the operators on secret tensors
