"""How Square's orders, payments and refunds become transactions."""
