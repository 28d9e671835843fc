"""Speed of background job systems, measured side by side on one machine."""
