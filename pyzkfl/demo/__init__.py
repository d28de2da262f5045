"""The demo: a federated training on real data with dropouts and forgers, every party a process of its own."""
