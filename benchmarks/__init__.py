"""Speed and cost, side by side with the usual tool and with the least that could be done."""
