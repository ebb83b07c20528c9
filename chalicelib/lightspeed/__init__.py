"""How the payments of a sale of Lightspeed Retail become tenders."""
