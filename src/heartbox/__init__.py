"""heartbox: the heart's box in a chest CT, its sector, and the aortic graph."""
