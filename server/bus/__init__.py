"""What joins the nodes of a cluster: a bus, and who is alive on it. A server that is alone has one of its own."""
