"""For people, never deployed: the local stack, resources, and the tools to look after them."""
