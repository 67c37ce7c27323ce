"""Several processes of one shipper: one reads and remembers, the others make events and send them."""
