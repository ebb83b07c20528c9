"""How Stripe's payments and refunds become transactions."""
