//! Modules, layers, losses and optimisers over secret tensors
