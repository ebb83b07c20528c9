"""What Shopify's bodies are made of: bodies, lines, payments."""
