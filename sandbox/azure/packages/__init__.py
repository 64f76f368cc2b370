"""Images with models in them: nothing is built, but what an image would be made of is there to be fetched."""
