"""The service desk: response, resolution, complaints, ratings and sentiment, by channel, agent or topic."""
