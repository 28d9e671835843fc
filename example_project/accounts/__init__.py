"""Who people are on the site: joining, profiles, pictures, leaving."""
